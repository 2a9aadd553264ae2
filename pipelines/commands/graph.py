"""`tidegraph graph`: look at the interest graph, at a user in it, and at what became of both."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines import console
from pipelines.commands.graph_care import erase, export, verify
from pipelines.commands.graph_options import JsonOption, Place, PlaceOption, UserArgument, WindowArgument, WindowOption

app = typer.Typer(
    help="Look at the interest graph, compare, check and export it; have a user forgotten.", no_args_is_help=True
)


class Kind(StrEnum):
    category = "category"
    brand = "brand"
    item = "item"
    query = "query"


@app.command(epilog="Example: `tidegraph graph stats 2017-10-08 --at cut`")
def stats(window: WindowArgument = None, at: PlaceOption = Place.end, as_json: JsonOption = False) -> None:
    """Count nodes and edges, and tell how heavy they are, how large the graph is and what it was folded into."""
    from pipelines.context import read_context
    from pipelines.graph_views.finding import find_graph
    from pipelines.graph_views.printing import show_stats
    from pipelines.graph_views.telling import tell_stats

    told = tell_stats(find_graph(read_context(), window, at.value))
    if as_json:
        console.print_json(told)
    else:
        show_stats(told)


@app.command(epilog="Example: `tidegraph graph show 1228 --k 5`")
def show(
    user: UserArgument,
    window: WindowOption = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many interests of each kind.")] = 8,
    out: Annotated[Path | None, typer.Option("--out", help="Also draw it: a picture and a page go here.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a user cares about: categories, brands, items and queries, the heaviest first."""
    from pipelines.context import read_context
    from pipelines.graph_views.finding import find_graph, know_user
    from pipelines.graph_views.printing import show_user
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
        show_user(told)
        for path in told.get("files", []):
            console.print_line(path)


@app.command(epilog="Example: `tidegraph graph diff 2017-10-01 2017-10-08 --user 1228`")
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The earlier window.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The later window.")],
    user: Annotated[str | None, typer.Option("--user", help="Also tell what changed for this user.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what changed between the graphs as of two windows' ends, in total and for one user."""
    from pipelines.context import read_context
    from pipelines.errors import WindowError
    from pipelines.graph_views.finding import find_graph, know_user
    from pipelines.graph_views.telling import tell_difference
    from pipelines.graph_views.wording import difference_in_words

    context = read_context()
    sides = [(found, found.open()) for found in (find_graph(context, name) for name in (before, after))]
    if before > after:
        raise WindowError(
            f"{before} lies after {after}", where="A and B", mend=f"name the earlier window first: {after} {before}"
        )
    if user is not None:
        know_user(user, *sides)
    told = tell_difference(sides[0][1], sides[1][1], user_id=user)
    if as_json:
        console.print_json(told)
    else:
        for line in difference_in_words(told):
            console.print_table(escape(line))


@app.command(epilog="Example: `tidegraph graph history 1228 --kind brand`")
def history(
    user: UserArgument,
    kind: Annotated[Kind, typer.Option("--kind", help="Of which kind of interest.")] = Kind.category,
    window: Annotated[
        str | None, typer.Option("--window", help="The last window; default: the newest graph's.")
    ] = None,
    k: Annotated[
        int, typer.Option("--k", min=1, max=1000, help="How many interests, those that ever weighed most.")
    ] = 8,
    as_json: JsonOption = False,
) -> None:
    """Tell how a user's interests grew and faded, window by window, as far as graphs lie there."""
    from pipelines.context import read_context
    from pipelines.graph_views.history import tell_history
    from pipelines.graph_views.printing import show_history

    told = tell_history(read_context(), user, window, kind.value, k=k)
    if as_json:
        console.print_json(told)
    else:
        show_history(told)


app.command(epilog="Example: `tidegraph graph export --format graphml --edges user_category`")(export)
app.command(epilog="Example: `tidegraph graph verify 2017-10-08`")(verify)
app.command(epilog="Example: `tidegraph graph erase 1228 --until 2017-10-08`")(erase)
