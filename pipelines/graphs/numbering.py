"""A graph built from scratch numbers nodes as the graphs before it did, or models would speak of other users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from features.graph import InterestGraph
from features.numbering import number_like
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.graphs.erasures import read_erasures, until_of
from pipelines.graphs.files import check_graph_folder, read_graph


def keep_rows(graphs: Iterable[InterestGraph], context: Context) -> Iterator[InterestGraph]:
    """`graphs`, each node in the row that it has in the newest graph at rest: the champion's, or one of a window.

    Without erasures, they have these rows anyway. After one they do not: the erased are as if never there, and whoever
    came after them would move up.
    """
    newest, erased = _newest(context), until_of(read_erasures(context))
    for graph in graphs:
        yield graph if newest is None else number_like(graph, newest, erased)


def _newest(context: Context) -> InterestGraph | None:
    windows = sorted(context.path("graphs").glob("*/"), reverse=True)
    of_windows = (_whole(window / place) for window in windows for place in ("end", "cut"))
    found = [next((graph for graph in of_windows if graph is not None), None)]
    champion = registry.champion(context)
    if champion is not None:
        found.insert(0, _whole(registry.model_folder(context, champion.version) / "graph"))
    return max((graph for graph in found if graph is not None), key=lambda graph: graph.as_of, default=None)


def _whole(folder: Path) -> InterestGraph | None:
    """The graph in `folder`; None where there is none, or it is damaged."""
    try:
        check_graph_folder(folder)
        return read_graph(folder)
    except StoreError:
        return None
