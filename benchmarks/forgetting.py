"""What twenty incremental updates forget of the weeks before: with replay, without, and kept near the champion."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np
from torch_geometric.data import HeteroData

from benchmarks.contests.contest import Contest, untrained
from benchmarks.contests.journey import journey
from benchmarks.figures import table
from models.catalogue import rebuild
from models.flagship.settings import RankerSettings
from models.metrics import evaluate_slice
from models.recommender import Slice
from models.state import State
from pipelines.context import read_context
from pipelines.ranker import make_candidate

FIRST, UPDATES, LEARNED, K = 28, 20, 6, 20
"""The first week that is learned incrementally, how many are, and from how many before it all began."""
DISTILL = 1.0
"""How much staying near the champion's scores weighs beside learning, in the way that has it."""
AGES = ((0, 5), (5, 10), (10, 15), (15, 20))
"""Cohorts are told by how many updates ago they were learned from."""


def run() -> tuple[str, dict[str, float]]:
    """Each week's purchases are ranked right after they were learned from, and by the last model, on the same graph."""
    contest = journey(range(FIRST, FIRST + UPDATES + 1), before=LEARNED)
    settings = make_candidate(read_context().params.fit).settings  # type: ignore[attr-defined]
    ways = {
        "with replay": settings,
        "without replay": replace(settings, replay_rows=1),
        "with replay, near its champion": replace(settings, distill=DISTILL),
    }
    lost = {name: _lost(contest, chosen, name) for name, chosen in ways.items()}
    figures = {"forgetting": _mean(lost["with replay"]), "forgetting_without_replay": _mean(lost["without replay"])}
    return _text(lost), figures


def _lost(contest: Contest, settings: RankerSettings, name: str) -> np.ndarray:
    """[updates] NDCG right after learning from a week less that of the last model; oldest week first."""
    spans = range(LEARNED, LEARNED + UPDATES)
    recommender = untrained("interest_ranker", asdict(settings))
    recommender.fit(contest.slices(LEARNED), contest.heteros[LEARNED])
    state, right_after = recommender.state(), []
    for span in spans:
        before = contest.heteros[span]
        recommender = rebuild(state, before)
        recommender.update([Slice(before, contest.taken[span])], contest.heteros[span + 1])
        state = recommender.state()
        right_after.append(_ndcg(contest, state, span))
        print(f"forgetting, {name}: {span - LEARNED + 1} of {UPDATES}: {right_after[-1]:.4f}", file=sys.stderr)
    return np.array(right_after) - np.array([_ndcg(contest, state, span) for span in spans])


def _ndcg(contest: Contest, state: State, span: int) -> float:
    graph = contest.heteros[span]
    recommender = rebuild(_of_nodes_in(graph, state), graph)
    return float(evaluate_slice("all", recommender, contest.taken[span], graph, K).ndcg.mean())


def _of_nodes_in(graph: HeteroData, state: State) -> State:
    """`state` without the embeddings of users and items that were born after `graph`: rows are in order of birth."""
    cut = {f"{side}_factors": state.tensors[f"{side}_factors"][: graph[side].num_nodes] for side in ("user", "item")}
    return replace(state, tensors=state.tensors | cut)


def _mean(lost: np.ndarray) -> float:
    """Over all weeks but the last, of which nothing can have been forgotten yet."""
    return float(lost[:-1].mean())


def _text(lost: Mapping[str, np.ndarray]) -> str:
    rows: list[dict[str, object]] = []
    for name, of_weeks in lost.items():
        ago = of_weeks[::-1]
        row: dict[str, object] = {"way": name}
        row |= {f"{first}–{last - 1} updates ago": f"{ago[first:last].mean():+.5f}" for first, last in AGES}
        rows.append(row | {"all": f"{_mean(of_weeks):+.5f}"})
    return (
        "## Forgetting (`make bench-forgetting`)\n\n"
        f"Complete Journey, {UPDATES} incremental updates from week {FIRST}: NDCG@{K} on a week's purchases right "
        "after they were learned from, less that of the model after the last update, both over the graph as of the "
        f"week's start; by how long ago the week was learned from.\n\n{table(rows)}"
    )
