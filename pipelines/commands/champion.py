"""`tidegraph promote`, `rollback` and `freeze`: what a person decides about who serves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from pipelines import console
from pipelines.context import read_context
from pipelines.ledger.wording import tell_frozen, tell_promotion, tell_rollback

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the ledger for good.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def promote(
    version: Annotated[str, typer.Argument(help="A registered version, such as 4, whatever its verdict.")],
    reason: ReasonOption,
    as_json: JsonOption = False,
) -> None:
    """Let a judged version serve, publish its lists, and ask what serves."""
    from pipelines.promotion.by_hand import promote_by_hand

    with console.voice() as say:
        done = promote_by_hand(read_context(say), version, reason=reason)
    _tell(done, tell_promotion(done), as_json=as_json)


def rollback(
    reason: ReasonOption,
    to: Annotated[
        str | None,
        typer.Option("--to", help="An earlier champion's version, or a date: who served at its end (UTC)."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let an earlier champion serve again, publish its lists, and ask what serves."""
    from pipelines.promotion.rolling_back import roll_back

    with console.voice() as say:
        done = roll_back(read_context(say), reason=reason, to=to)
    _tell(done, tell_rollback(done), as_json=as_json)


def freeze(
    reason: ReasonOption,
    until: Annotated[
        str | None, typer.Option("--until", help="Frozen to the end of this day (UTC); default: until lifted.")
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End the freeze.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let nothing be promoted: updates judge and register only. Rolling back stays allowed."""
    from pipelines.promotion import freezing

    if lift and until is not None:
        raise typer.BadParameter("a freeze is lifted now: leave out --until", param_hint="--until")
    if lift:
        done = freezing.lift(read_context(), reason=reason)
        _tell(done, ["promotions: no longer frozen"], as_json=as_json)
        return
    done = freezing.freeze(read_context(), reason=reason, until=until)
    was = [f"in place of: {tell_frozen(done['replaced'])}"] if done["replaced"] else []
    _tell(done, [tell_frozen(done), *was], as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.command(epilog='Example: `tidegraph promote 4 --reason "only tea fell, and tea is sold out"`')(promote)
    app.command(epilog='Example: `tidegraph rollback --to 3 --reason "coffee lists look wrong"`')(rollback)
    app.command(epilog='Example: `tidegraph freeze --reason "Christmas" --until 2026-12-31`')(freeze)


def _tell(done: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    if as_json:
        console.print_json(done)
        return
    for line in lines:
        console.print_line(line)
