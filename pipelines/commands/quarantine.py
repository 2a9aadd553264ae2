"""`tidegraph quarantine`: look at refused rows, mend them, and let them rejoin their window."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pipelines import console
from pipelines.context import read_context
from pipelines.errors import StoreError
from pipelines.wording import counted

app = typer.Typer(help="Look at refused rows, mend them, and let them rejoin their window.", no_args_is_help=True)
WindowArgument = Annotated[str, typer.Argument(help="The window that the rows came with, for example 2017-10-08.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command("list", epilog="Example: `tidegraph quarantine list`")
def list_(
    window: Annotated[str | None, typer.Option("--window", help="Only this window.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how many rows each window has in quarantine, and why."""
    from pipelines.quarantine.refused import list_holdings

    holdings = list_holdings(read_context(), window)
    if as_json:
        console.print_json([asdict(holding) for holding in holdings])
        return
    table = Table("window", "table", "rows", "repaired", "rejoined", "reasons")
    for one in holdings:
        reasons = ", ".join(f"{name} {count:,}" for name, count in one.reasons.items())
        table.add_row(one.window, one.table, f"{one.rows:,}", f"{one.repaired:,}", f"{one.replayed:,}", reasons)
    console.print_table(table if holdings else "quarantine is empty")


@app.command(epilog="Example: `tidegraph quarantine show 2017-10-08 --csv fix.csv`")
def show(
    window: WindowArgument,
    table: Annotated[str, typer.Option("--table", help="events, users or items.")] = "events",
    promise: Annotated[str | None, typer.Option("--promise", help="Only rows that broke this one.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many rows.")] = 20,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all of them here instead, to be mended.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show quarantined rows with every reason, or write them to a file that `repair` takes back."""
    from pipelines.files import whole_file
    from pipelines.quarantine.refused import REASONS, ROW, promises_of, read_refused

    rows = read_refused(window, read_context(), table)
    if promise is not None:
        rows = rows[[promise in promises_of(reasons) for reasons in rows[REASONS]]]
    rows = rows[[ROW, *(name for name in rows.columns if name != ROW)]]
    if csv is not None:
        _check_target(csv)
        with whole_file(csv) as beside:
            rows.to_csv(beside, index=False)
        is_in = "is in" if len(rows) == 1 else "are in"
        typer.echo(f"{counted(len(rows), 'row')} {is_in} {csv}; mend the cells, then run")
        typer.echo(f"  tidegraph quarantine repair {window} --fix {csv}")
    elif as_json:
        console.print_json_table(rows.head(limit))
    else:
        _show_rows(rows.head(limit), len(rows))


@app.command(epilog="Example: `tidegraph quarantine repair 2017-10-08 --fix fix.csv`")
def repair(
    window: WindowArgument,
    fix: Annotated[Path, typer.Option("--fix", help="CSV, JSON Lines or Parquet: `row` and the cells that change.")],
    as_json: JsonOption = False,
) -> None:
    """Replace cells of quarantined events; all rows of the file have to keep every promise then, or none is taken."""
    from pipelines.quarantine.repairing import repair as mend

    done = mend(window, fix, read_context())
    count = len(done["rows"])
    lets = f"`tidegraph quarantine replay` lets {'it' if count == 1 else 'them'} rejoin"
    _tell(done, f"repaired {counted(count, 'row')}; {lets}", as_json=as_json)


@app.command(epilog="Example: `tidegraph quarantine replay 2017-10-08`")
def replay(
    window: Annotated[str | None, typer.Argument(help="Only rows that came with this window.")] = None,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Also rows that keep every promise as they are, say after new params.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Let repaired events rejoin the window they belong to, as a new revision of its snapshot."""
    from pipelines.quarantine.replaying import replay as rejoin

    done = rejoin(read_context(), window, unchanged=unchanged)
    tags = ", ".join(done["tags"].values())
    them = "it" if done["rows"] == 1 else "them"
    text = (
        f"{counted(done['rows'], 'row')} rejoined: {tags}; the update of {done['arrives']} folds {them} into the graph"
    )
    _tell(done, text if done["rows"] else "no row waits to rejoin", as_json=as_json)


def _check_target(csv: Path) -> None:
    """Raises StoreError where no file can be written under this name."""
    folder = csv.parent
    if csv.is_dir():
        raise StoreError(
            f"{csv.name or csv} is a folder", where=str(csv), mend=f"name a file in it: --csv {csv / 'fix.csv'}"
        )
    if not folder.is_dir():
        raise StoreError(
            f"there is no folder {folder}", where=str(csv), mend=f"make it (mkdir -p {folder}), or name another file"
        )


def _tell(done: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        console.print_json(done)
    else:
        typer.echo(text)


def _show_rows(rows: Any, whole: int) -> None:
    for row in rows.to_dict("records"):
        typer.echo(f"row {row['row']}: {row['reasons']}")
        shown = {name: value for name, value in row.items() if name not in ("row", "reasons") and value == value}
        typer.echo("  " + ", ".join(f"{name}={str(value)[:80]}" for name, value in shown.items() if value is not None))
    if len(rows) < whole:
        typer.echo(f"... and {whole - len(rows):,} more: --limit shows more, --csv FILE writes all")
