"""How far the world has moved, as a day shows it: events, categories, degrees, who is cold, embeddings."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import ids
from features.graph import InterestGraph
from models.watch.drift import Drift, cold_drift, divergence_drift, embedding_drift
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.graphs.files import read_graph
from pipelines.planning.drift import COMPARED, NO_CATEGORY, drift_of
from pipelines.planning.full_fits import last_full_fit
from pipelines.serving.model_files import read_state
from pipelines.watching.arrived import Arrived
from pipelines.watching.days import DAY, kept_day
from pipelines.watching.lists import CHAMPION
from pipelines.windows import Window

WEEK = timedelta(days=7)


def measure(day: Window, context: Context) -> dict[str, Any]:
    """`signals`: each drift of `day` against the same weekday of the weeks before, and against what the champion of
    that day knows. What was measured once stays; `grade` comes first."""
    kept = kept_day(day.name, context)
    known = kept.read("drift")
    if known is not None:
        return known
    graded = kept.read("graded")
    if graded is None:
        mend = f"run: tidegraph watch --day {day.name}"
        raise StoreError(f"{day.name} was not graded", where=str(kept.folder), mend=mend)
    window, version = graded["window"], graded["versions"][CHAMPION]
    graph = read_graph(context.path("graphs", window, "end"))
    signals = [*_moved(day, graph, context), *_cold(day, version, context), _shift(version, window, context)]
    return kept.write("drift", {"day": day.name, "signals": [asdict(signal) for signal in signals]})


def _moved(day: Window, graph: InterestGraph, context: Context) -> list[Drift]:
    """Each day by itself, so that one odd day is one violation; against the same weekday, since weekends are unlike."""
    arrived = Arrived(context, day.end)
    starts = [day.start - WEEK * back for back in range(COMPARED, -1, -1)]
    starts = [start for start in starts if start >= context.calendar.origin]
    *before, after = (arrived.between(start, start + DAY) for start in starts)
    limits, category = context.params.watch.drift, graph.items.set_index("item_id")["category"]
    counts = [_by_category(part, category) for part in (pd.concat(before) if before else after.iloc[:0], after)]
    return [
        *drift_of(after, before, graph, psi=limits.psi),
        divergence_drift("innermost categories", *counts, threshold=limits.divergence),
    ]


def _by_category(events: pd.DataFrame, category: pd.Series) -> dict[str, float]:
    found = events["item_id"].dropna().map(category).fillna(NO_CATEGORY).value_counts()
    return {str(path): float(count) for path, count in found.items()}


def _cold(day: Window, version: str, context: Context) -> list[Drift]:
    """Who came that day, and what was turned to, that the champion did not learn of."""
    events, limits = Arrived(context, day.end).between(day.start, day.end), context.params.watch.drift
    learned = read_graph(registry.model_folder(context, version) / "graph")
    found = []
    for name, column, limit in (("users", "user_id", limits.cold_users), ("items", "item_id", limits.cold_items)):
        active = events[column].dropna().to_numpy(dtype=str)
        known = ids(learned, column.removesuffix("_id")).drop_null().to_numpy(zero_copy_only=False).astype(str)
        found.append(cold_drift(f"cold {name}", active, known, threshold=limit))
    return found


def _shift(version: str, window: str, context: Context) -> Drift:
    """Of the champion's item embeddings, since the last full fit."""
    limit, name = context.params.watch.drift.embedding, "embeddings"
    after = context.calendar.window(window).end + timedelta(microseconds=1)
    full = last_full_fit(context, after.date().isoformat())
    if full is None or full == version:
        return Drift(name, None, limit, None, f"{name} was not measured: version {version} is the last full fit")
    try:
        old, new = (_embeddings(each, context) for each in (full, version))
        return embedding_drift(name, old, new, threshold=limit)
    except (ValueError, KeyError) as error:
        return Drift(name, None, limit, None, f"{name} was not measured: {error}")


def _embeddings(version: str, context: Context) -> np.ndarray:
    state = read_state(registry.model_folder(context, version) / "state")
    return np.asarray(state.tensors["item_factors"].numpy(), dtype=np.float64)
