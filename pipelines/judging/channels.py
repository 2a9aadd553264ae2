"""Through which channel something was bought: events' `domain`, which the graph does not keep."""

from __future__ import annotations

from datetime import datetime

from torch import Tensor

from features.graph import InterestGraph
from features.hetero import next_pairs
from pipelines.context import Context
from pipelines.snapshots.partitions import read_events
from pipelines.windows import Window

FAMILY = "channel"
"""The family of slices that is told so, in `evaluate.slices`."""


def bought_by_channel(
    start: datetime, end: datetime, graph: InterestGraph, context: Context, known_by: Window
) -> dict[str, Tensor]:
    """[2, n] pairs (user row, item row) by `channel/<name>`, of what was bought in `[start, end)`; a pair may be in
    several. Nothing where there is but one channel: it would be all there is, once more."""
    windows = [window for window in context.calendar.before(end) if window.end > start]
    events = read_events(
        context, windows, known_by=known_by, columns=["user_id", "item_id", "event_type", "occurred_at", "domain"]
    )
    events = events[(events["occurred_at"] >= start) & (events["occurred_at"] < end)]
    found = {f"{FAMILY}/{name}": next_pairs(rows, graph) for name, rows in events.groupby("domain", sort=True)}
    found = {name: pairs for name, pairs in found.items() if pairs.shape[1]}
    return found if len(found) > 1 else {}
