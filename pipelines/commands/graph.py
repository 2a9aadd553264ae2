"""`tidegraph graph`: look at the interest graph, compare two of them, check one, and have a user forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pipelines import console

app = typer.Typer(help="Look at the interest graph.", no_args_is_help=True)


class Place(StrEnum):
    cut = "cut"
    end = "end"


WindowArgument = Annotated[str | None, typer.Argument(help="The window's start date; default: the newest graph.")]
PlaceOption = Annotated[Place, typer.Option("--at", help="The graph as of the window's cut or its end.")]
UserArgument = Annotated[str, typer.Argument(help="The user's id in the source.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command(epilog="Example: `tidegraph graph stats 2017-10-08 --at cut`")
def stats(window: WindowArgument = None, at: PlaceOption = Place.end, as_json: JsonOption = False) -> None:
    """Count nodes and edges, and tell how heavy they are, how large the graph is and what it was folded into."""
    from pipelines.context import read_context
    from pipelines.graph_views.finding import find_graph
    from pipelines.graph_views.telling import tell_stats

    told = tell_stats(find_graph(read_context(), window, at.value))
    if as_json:
        console.print_json(told)
    else:
        _show_stats(told)


@app.command(epilog="Example: `tidegraph graph show 1228 --k 5`")
def show(
    user: UserArgument,
    window: Annotated[str | None, typer.Option("--window", help="Default: the newest graph.")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many interests of each kind.")] = 8,
    out: Annotated[Path | None, typer.Option("--out", help="Also draw it: a picture and a page go here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a user cares about: categories, brands, items and queries, the heaviest first."""
    from pipelines.context import read_context
    from pipelines.graph_views.finding import find_graph, know_user
    from pipelines.graph_views.telling import tell_user

    found = find_graph(read_context(), window)
    graph = found.open()
    know_user(user, (found, graph))
    told = tell_user(graph, user, k=k)
    if out is not None:
        from pipelines.graph_views.page import write_ego

        told["files"] = [str(path) for path in write_ego(user, graph, found, out, read_context())]
    if as_json:
        console.print_json(told)
    else:
        _show_user(told)


@app.command(epilog="Example: `tidegraph graph diff 2017-10-01 2017-10-08 --user 1228`")
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The earlier window.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The later window.")],
    user: Annotated[str | None, typer.Option("--user", help="Also tell what changed for this user.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed between the graphs as of two windows' ends, in total and for one user."""
    from pipelines.context import read_context
    from pipelines.graph_views.finding import find_graph, know_user
    from pipelines.graph_views.telling import difference_in_words, tell_difference

    context = read_context()
    sides = [(found, found.open()) for found in (find_graph(context, name) for name in (before, after))]
    if user is not None:
        know_user(user, *sides)
    told = tell_difference(sides[0][1], sides[1][1], user_id=user)
    if as_json:
        console.print_json(told)
    else:
        for line in difference_in_words(told):
            console.print_table(escape(line))


@app.command(epilog="Example: `tidegraph graph verify 2017-10-08`")
def verify(window: WindowArgument = None, at: PlaceOption = Place.end, as_json: JsonOption = False) -> None:
    """Compare every byte of a graph with the hashes it was written with."""
    from pipelines.context import read_context
    from pipelines.graph_files import check_graph_folder
    from pipelines.graph_views.finding import find_graph

    found = find_graph(read_context(), window, at.value)
    told = {"window": found.window, "at": found.place, "bytes": check_graph_folder(found.folder), "holds": True}
    if as_json:
        console.print_json(told)
    else:
        console.print_table(
            f"graph of {found.window} ({found.place}): {told['bytes']:,} bytes are as they were written"
        )


@app.command(epilog="Example: `tidegraph graph erase 1228 --until 2017-10-08`")
def erase(
    user: UserArgument,
    until: Annotated[
        datetime | None, typer.Option("--until", help="What came before is forgotten (UTC); default: now.")
    ] = None,
    unknown_too: Annotated[
        bool, typer.Option("--unknown-too", help="Also where the newest graph has no such user.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask that a user be forgotten. The next refresh does it; snapshots and older graphs still hold the user."""
    from pipelines.context import read_context
    from pipelines.erasures import ask_for_erasure
    from pipelines.graph_views.finding import find_graph, know_user

    context = read_context()
    if not unknown_too:
        found = find_graph(context)
        know_user(user, (found, found.open()))
    asked = ask_for_erasure(user, until.replace(tzinfo=UTC) if until else datetime.now(UTC), context)
    if as_json:
        console.print_json({"user_id": asked.user_id, "until": asked.until})
        return
    console.print_table(
        escape(
            f"user {asked.user_id} is to be forgotten up to {asked.until}: the next refresh does it;"
            " snapshots and older graphs still hold the user"
        )
    )


def _show_stats(told: dict[str, Any]) -> None:
    parent = told["parent"]
    console.print_table(
        f"graph of {told['window']} ({told['at']}), as of {told['as_of']}, hash {told['hash'][:12]},"
        f" {told['segments']} segment(s), {told['bytes']:,} bytes,"
        f" {'folded into ' + parent['window'] if parent else 'built without a parent'}"
    )
    columns = ("all", "active", "expired", "not_admitted", "erased")
    nodes = Table("nodes", *(column.replace("_", " ") for column in columns))
    for node, counts in told["nodes"].items():
        nodes.add_row(node, *(f"{counts[column]:,}" if column in counts else "–" for column in columns))
    console.print_table(nodes)
    edges = Table("edges", "number")
    for name, count in told["edges"].items():
        edges.add_row(name, f"{count:,}")
    console.print_table(edges)
    shares: dict[str, float] = next(iter(told["weights"].values()), {})
    weights = Table("user–item weights", *(f"quantile {share}" for share in shares))
    for name, values in told["weights"].items():
        weights.add_row(name, *(f"{value:.4f}" for value in values.values()))
    console.print_table(weights)


def _show_user(told: dict[str, Any]) -> None:
    from pipelines.graph_views.telling import events_in_words

    for kind, rows in told["interests"].items():
        table = Table(
            kind, "short", "long", "events", "last seen", "days between", title=f"user {escape(told['user_id'])}"
        )
        for row in rows:
            gap = row["mean_gap_days"]
            table.add_row(
                escape(row["name"]),
                f"{row['short']:.3f}",
                f"{row['long']:.3f}",
                ", ".join(events_in_words(row["counts"])),
                row["last_at"][:10],
                "–" if gap is None else f"{gap:.1f}",
            )
        if rows:
            console.print_table(table)
