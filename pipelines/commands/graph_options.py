"""What several commands of `tidegraph graph` may be given."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Place(StrEnum):
    cut = "cut"
    end = "end"


WindowArgument = Annotated[str | None, typer.Argument(help="The window's start date; default: the newest graph.")]
PlaceOption = Annotated[Place, typer.Option("--at", help="The graph as of the window's cut or its end.")]
UserArgument = Annotated[str, typer.Argument(help="The user's id in the source.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
WindowOption = Annotated[
    str | None, typer.Option("--window", help="The window's start date; default: the newest graph.")
]
