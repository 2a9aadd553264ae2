"""The parts of `tidegraph graph` that check a graph, take it elsewhere, and have a user forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines import console
from pipelines.commands.graph_options import (
    JsonOption,
    Place,
    PlaceOption,
    UserArgument,
    WindowArgument,
    WindowOption,
    an_instant,
)


class Format(StrEnum):
    parquet = "parquet"
    graphml = "graphml"
    html = "html"


def export(
    format_: Annotated[Format, typer.Option("--format", help="Tables, a file for graph programs, or a page.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder for parquet, else a file; default: in var/exports.")
    ] = None,
    window: WindowOption = None,
    at: PlaceOption = Place.end,
    edges: Annotated[
        list[str] | None, typer.Option("--edges", help="Only this kind of edge; may be given several times.")
    ] = None,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="Refuse to write GraphML of more edges; default: 200,000.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the graph in a form that others read: ids for rows, weights as of its instant."""
    from pipelines.context import read_context
    from pipelines.graph_views.export import export_graphml, export_parquet, kinds_named
    from pipelines.graph_views.finding import find_graph
    from pipelines.graph_views.overview import export_page

    context = read_context()
    kinds, found = kinds_named(edges), find_graph(context, window, at.value)
    ending = "" if format_ is Format.parquet else f".{format_.value}"
    place = out or context.path("exports", f"graph-{found.window}-{found.place}{ending}")
    with console.voice() as say:
        say(f"writing the graph of {found.window} ({found.place}) as {format_.value}")
        if format_ is Format.parquet:
            files = export_parquet(found, place, kinds)
        elif format_ is Format.graphml:
            files = export_graphml(found, place, kinds, most=most)
        else:
            files = export_page(found, place)
    if as_json:
        console.print_json({"window": found.window, "at": found.place, "files": [str(path) for path in files]})
    else:
        for path in files:
            console.print_line(str(path))


def verify(window: WindowArgument = None, at: PlaceOption = Place.end, as_json: JsonOption = False) -> None:
    """Compare every byte of a graph with the hashes it was written with."""
    from pipelines.context import read_context
    from pipelines.graph_views.finding import find_graph
    from pipelines.graphs.files import check_graph_folder

    found = find_graph(read_context(), window, at.value)
    told = {"window": found.window, "at": found.place, "bytes": check_graph_folder(found.folder), "holds": True}
    if as_json:
        console.print_json(told)
    else:
        console.print_table(
            f"graph of {found.window} ({found.place}): {told['bytes']:,} bytes are as they were written"
        )


def erase(
    user: UserArgument,
    until: Annotated[
        datetime | None,
        typer.Option(
            "--until", parser=an_instant, metavar="DATE", help="What came before is forgotten; UTC; default: now."
        ),
    ] = None,
    unknown_too: Annotated[
        bool, typer.Option("--unknown-too", help="Also where the newest graph has no such user.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask that a user be forgotten: the next refresh does it. Snapshots and what was made before keep the user."""
    from pipelines.context import read_context
    from pipelines.errors import StoreError
    from pipelines.graph_views.finding import find_graph, know_user
    from pipelines.graphs.erasures import ask_for_erasure
    from pipelines.graphs.forgotten import check_requests

    context = read_context()
    check_requests(context)
    if not unknown_too:
        try:
            found = find_graph(context)
            know_user(user, (found, found.open()))
        except StoreError as error:  # a request is not lost because a graph is
            typer.echo(f"the newest graph was not asked whether it has the user: {error.what}", err=True)
    asked = ask_for_erasure(user, until or datetime.now(UTC), context)
    if as_json:
        console.print_json({"user_id": asked.user_id, "until": asked.until})
        return
    console.print_table(
        escape(
            f"user {asked.user_id!r} is to be forgotten up to {asked.until}: the next refresh does it;"
            " snapshots and older graphs still hold the user, and so do older models and lists until newer ones are out"
        )
    )
