"""Realised metrics: what the lists that served on a day scored by what their users bought on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from features.graph import InterestGraph
from models.metrics import UserMetrics, measure
from models.recommender import Ranking
from pipelines.context import Context
from pipelines.files import read_table, whole_folder, write_json, write_table
from pipelines.graphs.files import read_graph
from pipelines.watching.arrived import Arrived
from pipelines.watching.days import KeptDay, kept_day
from pipelines.watching.lists import serving_on
from pipelines.windows import Window


def grade(day: Window, context: Context) -> dict[str, Any]:
    """Grade the day's lists, unless that was done: what was graded once stays as it was known then.

    Gives `window` (whose lists), `versions` by role, `k`, how many `users` were graded, how many bought something and
    `without_list`, and `metrics`: means by role. Each user's metrics are kept beside, by row of the graph.
    """
    kept = kept_day(day.name, context)
    known = kept.read("graded")
    if known is not None:
        return known
    published = serving_on(day, context)
    graph = read_graph(context.path("graphs", published.window, "end"))
    arrived = Arrived(context, day.end)
    arrived.check(day)
    pairs = arrived.bought(day.start, day.end, graph)
    users, relevant = _judged(pairs, published.listed(graph))
    measured = {
        role: _measure(published.places(role, users.numpy(), graph), users, relevant, graph, published.k)
        for role in published.versions
    }
    told = {
        "day": day.name,
        "window": published.window,
        "versions": published.versions,
        "missing": published.missing,
        "k": published.k,
        "users": len(users),
        "without_list": int(len(pairs[0].unique()) - len(users)),
        "metrics": {role: _means(metrics) for role, metrics in measured.items()},
    }
    with whole_folder(kept.folder) as beside:
        write_table(beside / "grades.parquet", _table(measured))
        write_json(beside / "graded.json", told)
    return told


def grades_of(kept: KeptDay, metric: str) -> pd.DataFrame:
    """`role`, `user` (row of the graph) and `metric` of each user who was graded that day."""
    return read_table(kept.folder / "grades.parquet", ["role", "user", metric])


def age_of(told: dict[str, Any], context: Context) -> int:
    """How many days the lists that were graded had served before that day."""
    return int((datetime.fromisoformat(told["day"]).date() - context.calendar.window(told["window"]).end.date()).days)


def _judged(pairs: Tensor, listed: np.ndarray) -> tuple[Tensor, Tensor]:
    """The users who bought and have a list, rising, and their pairs."""
    relevant = pairs[:, torch.isin(pairs[0], torch.from_numpy(listed))]
    return relevant[0].unique(), relevant


def _measure(places: np.ndarray, users: Tensor, relevant: Tensor, graph: InterestGraph, k: int) -> UserMetrics:
    items = torch.from_numpy(places)
    scores = torch.where(items >= 0, 0.0, -torch.inf)  # the order is that of the list, whatever the scores were
    return measure(Ranking(items, scores.double()), users, relevant, k=k, n_items=graph.items.shape[0])


def _means(metrics: UserMetrics) -> dict[str, float | None]:
    """None instead of NaN: nobody was graded."""
    return {name: value if value == value else None for name, value in metrics.summary().items()}


def _table(measured: dict[str, UserMetrics]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"role": role, "user": each.users.numpy(), **{n: v.numpy() for n, v in each.values.items()}})
        for role, each in measured.items()
    ]
    return pd.concat(parts, ignore_index=True).astype({"role": "str", "user": "int64"})
