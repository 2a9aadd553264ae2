"""Graphs as of an instant, folded from the data registry's partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from features.fold import fold
from features.graph import InterestGraph, empty_graph
from features.schema import empty
from pipelines.context import Context
from pipelines.partitions import GRAPH_EVENT_COLUMNS, read_partitions
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
    """Fold the `windows`' partitions into `graph`, stopping at each of the rising `instants`; give each graph.

    Rows before `after`, which `graph` has folded already, and at or after the last instant are left out.
    """
    if windows:
        events = read_partitions(context, windows, "events", GRAPH_EVENT_COLUMNS)
        users, items = read_partitions(context, windows, "users"), read_partitions(context, windows, "items")
    else:
        events, users, items = empty("events")[GRAPH_EVENT_COLUMNS], empty("users"), empty("items")
    done = pd.Timestamp(after) if after else pd.Timestamp.min.tz_localize("UTC")
    for instant in instants:
        graph = fold(
            graph,
            events=_between(events, "occurred_at", done, instant),
            users=_between(users, "valid_from", done, instant),
            items=_between(items, "valid_from", done, instant),
            as_of=instant,
            event_weights=context.params.refresh.event_weights,
        )
        done = pd.Timestamp(instant)
        yield graph


def rebuild(context: Context, instants: Sequence[datetime]) -> Iterator[InterestGraph]:
    """Graphs as of the rising `instants`, from scratch."""
    yield from fold_through(context, start_graph(context), windows_before(context, instants[-1]), instants)


def windows_before(context: Context, instant: datetime) -> list[Window]:
    """All windows that start before `instant`."""
    calendar = context.calendar
    windows: list[Window] = []
    while (window := calendar.at(len(windows))).start < instant:
        windows.append(window)
    return windows


def _between(table: pd.DataFrame, column: str, after: pd.Timestamp, instant: datetime) -> pd.DataFrame:
    return table[(table[column] >= after) & (table[column] < pd.Timestamp(instant))]
