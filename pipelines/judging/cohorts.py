"""Memory cohorts: past windows as they were, on which every candidate is judged once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from features.graph import instant
from features.hetero import to_hetero
from models.catalogue import rebuild
from models.memory import Remembered, of_nodes_in, remember
from models.metrics import evaluate_slice
from models.state import State
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_json, write_json
from pipelines.graphs.files import read_graph
from pipelines.jobs import Job
from pipelines.judging.lessons import bought_between
from pipelines.serving.model_files import read_state
from pipelines.windows import Window

MOST_USERS = 400
"""Of a cohort: judged once more in every update, so they are a part of the window's users, evenly spread."""


def measure_memory(state: State, base: Mapping[str, Any] | None, job: Job, context: Context) -> dict[str, Remembered]:
    """By window, the newest `evaluate.cohorts` before the job's that have a graph, and users who bought something.

    Of a window that the base does not remember, since it was judged on it but learned nothing after it, what the base
    is worth there is measured too: that can be forgotten at once.
    """
    known = [
        window for window in context.calendar.before(job.windows[0].start) if _graph_folder(window, context).is_dir()
    ]
    most = min(context.params.evaluate.cohorts, len(known))
    cohorts = known[len(known) - most :]
    before = _remembered(base, cohorts, context) if base else {}
    return remember(dict(_judge(state, cohorts, context)), before)


def keep_memory(memory: Mapping[str, Remembered], job: Job, context: Context) -> None:
    """For the updates that start from this one's candidate."""
    write_json(_path(job.name, context), {window: asdict(each) for window, each in memory.items()})


def _remembered(base: Mapping[str, Any], cohorts: Sequence[Window], context: Context) -> dict[str, Remembered]:
    before = _read(base["window"], context)
    unknown = [window for window in cohorts if window.name not in before]
    if not unknown:
        return before
    state = read_state(registry.model_folder(context, base["version"]) / "state")
    return before | remember(dict(_judge(state, unknown, context)), {})


def _judge(state: State, windows: Sequence[Window], context: Context) -> Iterator[tuple[str, float]]:
    for window in windows:
        graph = read_graph(_graph_folder(window, context))
        cut = instant(graph.as_of)
        hetero, taken = to_hetero(graph), bought_between(cut, window.end, graph, context, window)
        users = taken[0, taken[0] < hetero["user"].num_nodes].unique()
        if not len(users):
            continue  # nobody bought anything: there is nothing to remember
        some = users[torch.linspace(0, len(users) - 1, min(MOST_USERS, len(users))).long()]
        recommender = rebuild(of_nodes_in(hetero, state), hetero)
        of_some = taken[:, torch.isin(taken[0], some)]
        metrics = evaluate_slice("all", recommender, of_some, hetero, context.params.evaluate.k)
        yield window.name, float(metrics.ndcg.mean())


def _read(window: str, context: Context) -> dict[str, Remembered]:
    """What the update of `window` left; a version of before this was measured left nothing."""
    try:
        return {name: Remembered(**each) for name, each in read_json(_path(window, context)).items()}
    except StoreError:
        return {}


def _path(window: str, context: Context) -> Path:
    return context.path("updates", window, "memory.json")


def _graph_folder(window: Window, context: Context) -> Path:
    return context.path("graphs", window.name, "cut")
