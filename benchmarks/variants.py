"""`python -m benchmarks variants`: parts of the flagship that could be otherwise, compared on weeks for tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from benchmarks.contests.contest import LESSONS, Contest
from benchmarks.contests.journey import TUNING, journey
from benchmarks.figures import table
from benchmarks.kept import judged_once
from benchmarks.scores import Scores, gain
from benchmarks.tune import FLAGSHIP, K
from pipelines.context import read_context
from pipelines.judging.ranker import make_candidate

SEEDS = range(7, 9)
SHIPPED = "as shipped"
VARIANTS: Mapping[str, dict[str, Any]] = {
    SHIPPED: {},
    "embeddings learned on, steps of 0.0001": {"embedding_learning_rate": 1e-4},
    "embeddings learned on, steps of 0.001": {"embedding_learning_rate": 1e-3},
    "graph channel by InterestConv, sum": {"graph_layer": "interest_sum"},
    "graph channel by InterestConv, mean": {"graph_layer": "interest_mean"},
    "words of titles read": {"text": True},
    "demographic groups read": {"demographics": True},
}


def run() -> tuple[str, dict[str, float]]:
    """A full fit of each variant for each of the weeks, on the same lessons."""
    weeks = journey(tuple(TUNING), before=LESSONS)
    contest = replace(weeks, testing=weeks.tuning)
    shipped: Any = make_candidate(read_context().params.fit)
    found = {
        name: judged_once(contest, "full refit", FLAGSHIP, asdict(shipped.settings) | changed, seeds=SEEDS, k=K)
        for name, changed in VARIANTS.items()
    }
    figures = {f"{name}, {slice_}": scores.mean(slice_) for name, scores in found.items() for slice_ in contest.judged}
    return _text(contest, found), figures


def _text(contest: Contest, found: Mapping[str, Scores]) -> str:
    rows: list[dict[str, object]] = []
    for name, scores in found.items():
        row: dict[str, object] = {"variant": name}
        for slice_ in contest.judged:
            row[f"{slice_} items"] = f"{scores.mean(slice_):.4f}"
            row[f"{slice_}, to shipped"] = "" if name == SHIPPED else gain(scores, found[SHIPPED], slice_)
        rows.append(row | {"CPU s": f"{scores.cpu():.1f}"})
    return (
        "## Parts of the model that could be otherwise (`make bench-variants`)\n\n"
        f"{contest.name}, weeks {', '.join(map(str, TUNING))}, which are for tuning: NDCG@{K} after a full fit, mean "
        f"of {len(SEEDS)} seeds; 95 % intervals over users.\n\n{table(rows)}"
    )
