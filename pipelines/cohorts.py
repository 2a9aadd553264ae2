"""Memory cohorts: past windows as they were, on which every candidate is judged once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import torch

from features.hetero import to_hetero
from models.catalogue import rebuild
from models.memory import Remembered, of_nodes_in, remember
from models.metrics import evaluate_slice
from models.state import State
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_json, write_json
from pipelines.graph_files import read_graph
from pipelines.jobs import Job
from pipelines.lessons import bought_between
from pipelines.windows import Window

MOST_USERS = 400
"""Of a cohort: judged once more in every update, so they are a part of the window's users, evenly spread."""


def measure_memory(state: State, base: Mapping[str, Any] | None, job: Job, context: Context) -> dict[str, Remembered]:
    """By window, the newest `evaluate.cohorts` before the job's that have a graph; kept for the updates after it."""
    known = [
        window for window in context.calendar.before(job.windows[0].start) if _graph_folder(window, context).is_dir()
    ]
    most = context.params.evaluate.cohorts
    ndcg = {window.name: _judge(state, window, context) for window in known[len(known) - min(most, len(known)) :]}
    found = remember(ndcg, _read(base["window"], context) if base else {})
    write_json(_path(job.name, context), {window: asdict(each) for window, each in found.items()})
    return found


def _judge(state: State, window: Window, context: Context) -> float:
    graph = read_graph(_graph_folder(window, context))
    cut = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=graph.as_of)
    hetero, taken = to_hetero(graph), bought_between(cut, window.end, graph, context, window)
    users = taken[0].unique()
    some = users[torch.linspace(0, len(users) - 1, min(MOST_USERS, len(users))).long()] if len(users) else users
    recommender = rebuild(of_nodes_in(hetero, state), hetero)
    k = context.params.evaluate.k
    return float(evaluate_slice("all", recommender, taken[:, torch.isin(taken[0], some)], hetero, k).ndcg.mean())


def _read(window: str, context: Context) -> dict[str, Remembered]:
    """What the update of `window` left; a version of before this was measured left nothing."""
    try:
        return {name: Remembered(**each) for name, each in read_json(_path(window, context)).items()}
    except StoreError:
        return {}


def _path(window: str, context: Context) -> Any:
    return context.path("updates", window, "memory.json")


def _graph_folder(window: Window, context: Context) -> Any:
    return context.path("graphs", window.name, "cut")
