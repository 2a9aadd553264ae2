"""`tidegraph source`: try a mapping before anything lands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pipelines import console
from pipelines.wording import counted

app = typer.Typer(help="Look at a source before it is collected.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `check` a command of its own: a group of one command would take its place."""


@app.command(epilog="Example: `tidegraph source check sources/mappings/ratings.yaml --drop drop`")
def check(
    mapping: Annotated[Path, typer.Argument(help="The mapping file.")],
    drop: Annotated[
        Path | None,
        typer.Option("--drop", help="The folder of files, for `connector: files`; default: TIDEGRAPH_DROP."),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many rows of each table to try.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Read a sample of files, a database or an HTTP API, and tell what of it is understood and what would be refused.

    Nothing lands.
    """
    from pipelines.mapping.checking import check_source
    from pipelines.params.file import read_params
    from pipelines.settings import read_settings

    settings = read_settings()
    folder = (drop or settings.drop).expanduser().resolve()
    with console.voice() as say:
        report = check_source(mapping, folder, read_params(settings.params), rows=rows, say=say)
    if as_json:
        console.print_json(report)
    else:
        _show(report)
    if report["problems"]:
        raise typer.Exit(1)


def _show(report: dict[str, Any]) -> None:
    window = report["window"]
    console.print_table(
        f"mapping {report['mapping']}, connector {report['connector']}; windows of"
        f" {counted(window['days'], 'day')} from {window['first']}"
    )
    for name, table in report["tables"].items():
        _show_table(name, table)
    if report["problems"]:
        console.print_table("\n[bold red]this would not work:[/]")
        for problem in report["problems"]:
            console.print_table(f"  {escape(problem)}")
    else:
        console.print_table("\n[bold green]this would work[/]")


def _show_table(name: str, table: dict[str, Any]) -> None:
    files = table["files"]
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    told = f"{counted(table['rows'], 'row')} of {named}" if files else "no rows"
    shown = Table("field", "made of", "null", "example", title=f"\n{name}: {escape(told)}")
    for field in table["fields"]:
        shown.add_row(
            field["field"], escape(field["from"]), f"{field['null_share']:.1%}", escape(harmless(field["example"]))
        )
    console.print_table(shown)
    for line in _lines(table):
        console.print_table(escape(line))


def _lines(table: dict[str, Any]) -> list[str]:
    """What there is to say below a table, one sentence a line."""
    lines = []
    if table["event_types"]:
        lines.append("event types: " + ", ".join(f"{kind} {count:,}" for kind, count in table["event_types"].items()))
    if table["times"]:
        times = table["times"]
        lines.append(f"from {times['first']} to {times['last']}, in {counted(times['windows'], 'window')}")
    lines.append(f"would be refused: {table['refused']:,} of {counted(table['rows'], 'row')}")
    lines += [f"  {count:,} break {promise}" for promise, count in table["reasons"].items()]
    lines += [f"  e.g. {harmless(example)}" for example in table["examples"]]
    lines += table["notes"]
    return lines + table["hints"]


def harmless(text: str) -> str:
    """Text of a source as a terminal may show it: nothing in it moves the cursor or turns the line around."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
