"""What several commands of `tidegraph graph` may be given."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer


class Place(StrEnum):
    cut = "cut"
    end = "end"


def an_instant(text: str) -> datetime:
    """A date, or a date and time, as ISO 8601 has them with dashes; UTC unless it names another zone."""
    try:
        if not re.match(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no instant; give one such as 2017-10-08 or 2017-10-08T12:00:00+02:00"
        ) from error


WindowArgument = Annotated[str | None, typer.Argument(help="The window's start date; default: the newest graph.")]
PlaceOption = Annotated[Place, typer.Option("--at", help="The graph as of the window's cut or its end.")]
UserArgument = Annotated[str, typer.Argument(help="The user's id in the source.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
WindowOption = Annotated[
    str | None, typer.Option("--window", help="The window's start date; default: the newest graph.")
]
