"""How far a window's events have moved from those of the windows before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.categories import lineage
from features.graph import InterestGraph
from models.watch.drift import Drift, degree_buckets, psi_drift
from pipelines.context import Context
from pipelines.snapshots.partitions import read_events
from pipelines.windows import Window

COMPARED = 4
"""With so many windows before it a window is compared."""
COLUMNS = ["user_id", "item_id", "event_type"]
NO_CATEGORY = "no category"


def measure_drift(window: Window, graph: InterestGraph, context: Context, *, psi: float) -> list[Drift]:
    """Event mix, categories and how much users do, against the windows before; `psi` is the threshold.

    `graph` tells items' categories.
    """
    earlier = context.calendar.before(window.start)[-COMPARED:]
    after = read_events(context, [window], known_by=window, columns=COLUMNS)
    parts = [read_events(context, [each], known_by=window, columns=COLUMNS) for each in earlier]
    return drift_of(after, parts, graph, psi=psi)


def drift_of(after: pd.DataFrame, parts: Sequence[pd.DataFrame], graph: InterestGraph, *, psi: float) -> list[Drift]:
    """The same of the events `after` against those of `parts`, spans as long each; with `COLUMNS`."""
    before = pd.concat(parts) if parts else after.iloc[:0]
    degrees = [_degrees(part) for part in parts]
    category = graph.items.set_index("item_id")["category"]
    return [
        psi_drift("event types", _counts(before["event_type"]), _counts(after["event_type"]), threshold=psi),
        psi_drift("categories", _categories(before, category), _categories(after, category), threshold=psi),
        psi_drift(
            "events a user",
            degree_buckets(np.concatenate(degrees) if degrees else np.zeros(0)),
            degree_buckets(_degrees(after)),
            threshold=psi,
        ),
    ]


def largest_psi(found: list[Drift]) -> float | None:
    """Of those that were measured; None: nothing was."""
    return max((each.value for each in found if each.value is not None), default=None)


def _counts(names: pd.Series) -> dict[str, float]:
    return {str(name): float(count) for name, count in names.value_counts().items()}


def _categories(events: pd.DataFrame, category: pd.Series) -> dict[str, float]:
    """Counts by outermost category."""
    found: dict[str, float] = {}
    paths = events["item_id"].dropna().map(category).fillna(NO_CATEGORY)
    for path, count in paths.value_counts().items():
        root = lineage(str(path))[0]
        found[root] = found.get(root, 0.0) + float(count)
    return found


def _degrees(events: pd.DataFrame) -> np.ndarray:
    """How many events each user of a window has."""
    return events["user_id"].value_counts().to_numpy(dtype=np.float64)
