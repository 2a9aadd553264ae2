"""Graphs as of an instant, folded from the data registry's partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ibis.backends import BaseBackend

from features.erasure import without_traces
from features.fold import fold
from features.graph import InterestGraph, compact, empty_graph
from pipelines.context import Context
from pipelines.engines.choosing import open_engine
from pipelines.graphs.arrivals import Arrivals
from pipelines.graphs.erasures import until_of
from pipelines.snapshots.partitions import bringers_of_late_events
from pipelines.windows import Window

MOST_SEGMENTS = 24
"""Segments of a graph before they are made one: each costs a little whenever the graph is looked at."""
SMALL = 0.25
"""Share of the oldest segment's edges that all later ones may come to before they are made one."""


def start_graph(context: Context) -> InterestGraph:
    """The graph before the first event."""
    return empty_graph(epoch=context.calendar.origin, rules=context.params.refresh.rules())


def fold_through(
    context: Context,
    graph: InterestGraph,
    windows: Sequence[Window],
    instants: Sequence[datetime],
    *,
    after: datetime | None = None,
    forgotten: int | None = None,
) -> Iterator[InterestGraph]:
    """Fold what arrived in `windows` into `graph`, stopping at each of the rising `instants`; give each graph.

    A graph knows what had arrived by the window of its instant, and happened before it. `graph` has folded what
    happened before `after` of the first window, and the first `forgotten` erasures (None: all). Rows at or after the
    last instant are left out.
    """
    if not windows or instants[0] <= windows[0].start:
        yield graph
    with open_engine(context) as backend:
        yield from _fold_through(context, graph, windows, instants, after, forgotten, backend)


def rebuild(context: Context, instants: Sequence[datetime]) -> Iterator[InterestGraph]:
    """Graphs as of the rising `instants`, from scratch."""
    yield from fold_through(context, start_graph(context), context.calendar.before(instants[-1]), instants)


def _fold_through(
    context: Context,
    graph: InterestGraph,
    windows: Sequence[Window],
    instants: Sequence[datetime],
    done: datetime | None,
    forgotten: int | None,
    backend: BaseBackend,
) -> Iterator[InterestGraph]:
    for batch in _batches(context, windows):
        delta, last = Arrivals(context, batch, backend, forgotten=forgotten), batch[-1].end
        stops = [instant for instant in instants if batch[0].start < instant < last]
        for instant in [*stops, min(last, instants[-1])]:
            graph = tidy(fold(graph, delta.between(done, instant), as_of=instant, backend=backend))
            if delta.erases:  # not only out of sums: out of the files as well
                graph, forgotten = without_traces(graph, until_of(delta.erases)), None
                delta = Arrivals(context, batch, backend)
            done = instant
            if instant in instants:
                yield graph
            if instant == instants[-1]:
                return
        done = None


def tidy(graph: InterestGraph) -> InterestGraph:
    """`graph` in one segment once it has many, or they have become large; so that in the long run each edge is
    written a few times, not with every fold."""
    oldest, *later = (segment.edge_rows for segment in graph.segments)
    return compact(graph) if len(later) >= MOST_SEGMENTS or sum(later) > SMALL * oldest else graph


def _batches(context: Context, windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Windows that may be folded in one go: nodes are appended by arrival, and only late events break that order."""
    late = bringers_of_late_events(context)
    batch: list[Window] = []
    for window in windows:
        if window.name in late and batch:
            yield batch
            batch = []
        batch.append(window)
        if window.name in late:
            yield batch
            batch = []
    if batch:
        yield batch
