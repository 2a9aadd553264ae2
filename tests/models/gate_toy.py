"""Evidence for the gate: models whose users' NDCG spreads alike, so that only means and a model's own noise differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from models.gates.evidence import Evidence, Measured
from models.gates.rules import GateRules, Rule
from models.metric_names import known_metrics
from models.metrics import UserMetrics
from models.verdict import RuleResult, Verdict

N_USERS, K, WINDOW = 400, 20, "2017-10-08"
AGAINST_CHAMPION = Rule(metric="ndcg_at_20", comparison="not_worse_than", rival="champion", bound=0.015)
AGAINST_BASELINE = Rule(metric="ndcg_at_20", comparison="better_than", rival="best_baseline")
RULES = GateRules(rules=(AGAINST_BASELINE, AGAINST_CHAMPION), confidence=0.95, resamples=500, seed=7, min_users=50)
Slices = dict[str, UserMetrics]


def slice_of(mean: float, *, noise: float = 0.0, seed: int = 0, users: int = N_USERS) -> UserMetrics:
    """All accuracy metrics are the NDCG, which is `mean` on average; the others are in their range."""
    shared = np.random.default_rng(99).uniform(-0.2, 0.2, users)
    own = np.random.default_rng(seed).normal(0, 1, users)
    ndcg = torch.tensor(mean + shared - shared.mean() + noise * (own - own.mean())).clamp(0, 1)
    known = {name: metric for name, metric in known_metrics(K).items() if metric.of != "model"}
    values = {name: ndcg.clone() for name, metric in known.items() if metric.of == "user"}
    return UserMetrics(
        torch.arange(users), values, {name: 0.5 for name, metric in known.items() if metric.of == "lists"}, K
    )


def model(mean: float, *, noise: float = 0.0, seed: int = 0) -> Slices:
    return {"all": slice_of(mean, noise=noise, seed=seed), "new": slice_of(0.3, noise=0.01, seed=seed)}


def evidence(
    candidate: Slices,
    champion: Slices | None = None,
    *,
    popularity: Slices | None = None,
    personal_decay: Slices | None = None,
    **more: Slices,
) -> Evidence:
    """`more` are further rivals, such as `last_full`; slices are those of the candidate, which always has some."""
    rivals = {"champion": champion} if champion is not None else {}
    rivals |= more
    baselines = {"popularity": popularity or model(0.3), "personal_decay": personal_decay or model(0.35)}
    parts = {name: metrics for name, metrics in candidate.items() if name not in ("all", "new")}
    baselines = {name: parts | slices for name, slices in baselines.items()}
    models = {"candidate": candidate, **rivals, **baselines}
    return Evidence(
        window=WINDOW,
        k=K,
        models={name: Measured(WINDOW, slices) for name, slices in models.items()},
        slices=tuple(dict.fromkeys(["all", "new", *candidate])),
        baselines=tuple(baselines),
        rivals=tuple(rivals),
    )


def with_slices(slices: Slices, means: Mapping[str, float], *, noise: float = 0.0, users: int = N_USERS) -> Slices:
    return slices | {name: slice_of(mean, noise=noise, users=users) for name, mean in means.items()}


def with_model(found: Evidence, name: str, measured: Measured | None) -> Evidence:
    """`found` with another measurement of a model; None: it was not measured."""
    others = {each: old for each, old in found.models.items() if each != name}
    return replace(found, models=others | ({name: measured} if measured else {}))


def results(verdict: Verdict, rival: str) -> list[RuleResult]:
    return [found for found in verdict.rules if found.name.startswith(f"{rival}:")]


def result(verdict: Verdict, rival: str) -> RuleResult:
    (found,) = results(verdict, rival)
    return found
