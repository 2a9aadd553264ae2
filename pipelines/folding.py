"""Graphs as of an instant, folded from the data registry's partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from features.fold import fold
from features.graph import InterestGraph, empty_graph
from pipelines.arrivals import Arrivals
from pipelines.context import Context
from pipelines.partitions import bringers_of_late_events
from pipelines.windows import Window


def start_graph(context: Context) -> InterestGraph:
    """The graph before the first event."""
    return empty_graph(epoch=context.calendar.origin, half_lives=context.params.refresh.half_lives)


def fold_through(
    context: Context,
    graph: InterestGraph,
    windows: Sequence[Window],
    instants: Sequence[datetime],
    *,
    after: datetime | None = None,
) -> Iterator[InterestGraph]:
    """Fold what arrived in `windows` into `graph`, stopping at each of the rising `instants`; give each graph.

    A graph knows what had arrived by the window of its instant, and happened before it. `graph` has folded what
    happened before `after` of the first window. Rows at or after the last instant are left out.
    """
    if not windows or instants[0] <= windows[0].start:
        yield graph
    done = pd.Timestamp(after) if after else None
    for batch in _batches(context, windows):
        delta, last = Arrivals(context, batch), batch[-1].end
        stops = [instant for instant in instants if batch[0].start < instant < last]
        for instant in [*stops, min(last, instants[-1])]:
            graph = _fold(context, graph, delta, done, instant)
            done = pd.Timestamp(instant)
            if instant in instants:
                yield graph
            if instant == instants[-1]:
                return
        done = None


def rebuild(context: Context, instants: Sequence[datetime]) -> Iterator[InterestGraph]:
    """Graphs as of the rising `instants`, from scratch."""
    yield from fold_through(context, start_graph(context), context.calendar.before(instants[-1]), instants)


def _fold(
    context: Context, graph: InterestGraph, delta: Arrivals, done: pd.Timestamp | None, instant: datetime
) -> InterestGraph:
    events, corrected = delta.events_between(done, pd.Timestamp(instant))
    return fold(
        graph,
        events=events,
        users=_between(delta.users, done, instant),
        items=_between(delta.items, done, instant),
        as_of=instant,
        event_weights=context.params.refresh.event_weights,
        corrected=corrected,
    )


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


def _between(catalogue: pd.DataFrame, after: pd.Timestamp | None, instant: datetime) -> pd.DataFrame:
    new = catalogue["valid_from"] < pd.Timestamp(instant)
    return catalogue[new & (catalogue["valid_from"] >= after)] if after is not None else catalogue[new]
