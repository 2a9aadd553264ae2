"""`tidegraph ledger`: who served when and why, and whether that record is as it was written."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines import console
from pipelines.context import read_context
from pipelines.ledger.wording import tell_entry
from pipelines.wording import counted

app = typer.Typer(help="Look at the record of promotions, rollbacks and freezes, and check it.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


class Form(StrEnum):
    json = "json"
    csv = "csv"


@app.command(epilog="Example: `tidegraph ledger show --last 5`")
def show(
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only the newest so many entries.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the entries, oldest first."""
    from pipelines import registry

    entries = registry.entries(read_context())
    entries = entries if last is None else entries[-last:]
    if as_json:
        console.print_json([asdict(entry) for entry in entries])
        return
    for line in map(tell_entry, entries):
        console.print_line(line)
    if not entries:
        console.print_line("the ledger has no entry yet")


@app.command(epilog="Example: `tidegraph ledger verify`")
def verify(as_json: JsonOption = False) -> None:
    """Check that every entry is as it was written, in its place, and that none is missing; exit code 1 if not."""
    from pipelines.ledger.check import check_ledger

    check = check_ledger(read_context())
    if as_json:
        console.print_json(asdict(check))
    else:
        console.print_line(
            f"the ledger holds: {counted(check.entries, 'entry', 'entries')}"
            if check.holds
            else f"the ledger is BROKEN: {check.reason}\n  mend: restore it from a backup of before the change"
        )
    if not check.holds:
        raise typer.Exit(1)


@app.command(epilog="Example: `tidegraph ledger export --format csv --out ledger.csv`")
def export(
    form: Annotated[Form, typer.Option("--format", help="json or csv.")],
    out: Annotated[Path, typer.Option("--out", help="The file; one that is there is replaced.")],
) -> None:
    """Write all entries, with every field, into a file."""
    from pipelines import registry
    from pipelines.ledger.export import export_csv, export_json

    entries = registry.entries(read_context())
    written = export_csv(out, entries) if form is Form.csv else export_json(out, entries)
    console.print_line(f"{counted(len(entries), 'entry', 'entries')} in {written}")
