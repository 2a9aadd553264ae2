"""How often the gate errs: simulated windows of real users, in which the truth is known because it was put there."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch

from benchmarks.figures import table
from benchmarks.replay import learn_from, learn_in_full, prepare, truth
from features.hetero import to_hetero
from models.gates.decide import decide
from models.gates.evidence import Evidence, Measured
from models.gates.rules import STRICTNESS, GateRules
from models.metric_names import known_metrics
from models.metrics import UserMetrics, evaluate_slice
from pipelines.context import Context
from pipelines.judging.ranker import make_baselines

FIRST, WINDOWS = 36, 4
SIMULATED, USERS, SEED = 2000, 800, 7
WINDOW, BASELINE = "simulated", "personal_decay"


@dataclass(frozen=True)
class Pool:
    """NDCG of the same users, [users] each, by a candidate, the champion it was updated from, and the best baseline."""

    candidate: np.ndarray
    champion: np.ndarray
    baseline: np.ndarray


@dataclass(frozen=True)
class Truth:
    """What holds in a simulated shop: the candidate's mean over that of `rival`, less 1; whether it may be promoted."""

    told: str
    rival: str
    effect: float
    promotable: bool


def run() -> tuple[str, dict[str, float]]:
    """Put the same candidates, made truly better or worse by known shares, before the shipped gate, again and again."""
    context = prepare("2017-10-08")
    rules, k = context.params.gate.settings(), context.params.evaluate.k
    margin = next(rule.bound for rule in rules.rules if rule.rival == "champion" and rule.matches("all"))
    pool = _pool(context)
    truths = [
        Truth(f"worse than the champion by the margin, {margin:.1%}", "champion", -margin, False),
        Truth(f"worse than the champion by twice that, {2 * margin:.1%}", "champion", -2 * margin, False),
        Truth("as good as the best baseline, and so is the champion", "baseline", 0.0, False),
        Truth("as good as the champion", "champion", 0.0, True),
        Truth("better than the champion by 2 %", "champion", 0.02, True),
    ]
    rates = {each: _verdicts(each, pool, rules, k) for each in truths}
    at_the_level = replace(rules, confidence=1 - (1 - rules.confidence) / STRICTNESS)
    untightened = _verdicts(truths[0], pool, at_the_level, k)
    figures = {
        "false_promotion_rate": max(rates[each]["PASS"] for each in truths if not each.promotable),
        "false_promotion_rate_untightened": untightened["PASS"],
        "nominal_rate": 1 - rules.confidence,
        "power_at_equality": rates[truths[3]]["PASS"],
        "power_at_two_percent": rates[truths[4]]["PASS"],
    }
    return _text(rates, pool, rules, untightened["PASS"]), figures


def _pool(context: Context) -> Pool:
    """Users of the hold-outs of some weeks before the demo's, each with the candidate and champion of that week."""
    holdout, k = context.params.evaluate.holdout, context.params.evaluate.k
    cuts = [context.calendar.at(index).end - holdout for index in range(FIRST - 1, FIRST + WINDOWS)]
    champion, found = learn_in_full(context, cuts[0]), []
    for start, end in pairwise(cuts):
        candidate = learn_from(champion, context, start, end)
        hetero = to_hetero(candidate.graph)
        pairs = truth(context, candidate.graph, end, end + holdout)
        baseline = make_baselines(context.params.evaluate, context.params.fit.seed)[BASELINE]
        baseline.fit([], hetero)
        models = (candidate.over(hetero), champion.over(hetero), baseline)
        found.append([evaluate_slice("all", model, pairs, hetero, k).ndcg.numpy() for model in models])
        print(f"gate: users of week ending {end:%Y-%m-%d}: {len(found[-1][0])}", file=sys.stderr)
        champion = candidate
    return Pool(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _verdicts(asked: Truth, pool: Pool, rules: GateRules, k: int) -> dict[str, float]:
    """How often each outcome came."""
    rival = pool.champion if asked.rival == "champion" else pool.baseline
    turned = replace(
        pool,
        candidate=made_true(pool.candidate, (1 + asked.effect) * float(rival.mean())),
        champion=made_true(pool.champion, float(rival.mean())),
    )
    generator, counts = np.random.default_rng(SEED), Counter[str]()
    for number in range(1, SIMULATED + 1):
        drawn = generator.integers(0, len(pool.champion), USERS)
        shown = _evidence({name: values[drawn] for name, values in vars(turned).items()}, k)
        counts[decide(shown, rules).outcome] += 1
        if number % 200 == 0:
            print(f"gate: {asked.told}: {number} of {SIMULATED}: {dict(counts)}", file=sys.stderr)
    return {outcome: counts[outcome] / SIMULATED for outcome in ("PASS", "INCONCLUSIVE", "FAIL")}


def made_true(values: np.ndarray, mean: float) -> np.ndarray:
    """`values` in [0, 1] with another mean: all made smaller by one factor, or their distances from 1 are."""
    now = float(values.mean())
    return values * (mean / now) if mean <= now else 1 - (1 - values) * ((1 - mean) / (1 - now))


def _evidence(ndcg: dict[str, np.ndarray], k: int) -> Evidence:
    """Every metric of users is the NDCG, others are all alike; the champion is the last full fit too."""
    known = known_metrics(k)
    numbers = {name: 0.0 for name, metric in known.items() if metric.of == "model"}

    def measured(values: np.ndarray) -> Measured:
        of_users = {name: torch.from_numpy(values) for name, metric in known.items() if metric.of == "user"}
        overall = {name: 0.5 for name, metric in known.items() if metric.of == "lists"}
        metrics = UserMetrics(torch.arange(len(values)), of_users, overall, k)
        return Measured(WINDOW, {"all": metrics, "new": metrics}, numbers)

    models = {name: measured(values) for name, values in ndcg.items()}
    return Evidence(
        window=WINDOW,
        k=k,
        models=models | {"last_full": models["champion"]},
        slices=("all", "new"),
        baselines=("baseline",),
        rivals=("champion", "last_full"),
    )


def _text(rates: dict[Truth, dict[str, float]], pool: Pool, rules: GateRules, untightened: float) -> str:
    rows: list[dict[str, object]] = [
        {"the candidate is truly": each.told, "may be promoted": "yes" if each.promotable else "no", **found}
        for each, found in rates.items()
    ]
    return (
        "## How often the gate errs (`make bench-gate`)\n\n"
        f"{SIMULATED:,} simulated windows for each line: {USERS} users drawn from {len(pool.champion):,} of Complete "
        f"Journey (hold-outs of weeks {FIRST}–{FIRST + WINDOWS - 1}, before the demo's), with their NDCG by an "
        "incremental candidate, by its champion and by personal decay. The candidate's are scaled until its mean over "
        "all of them is what the line says; then the shipped gate is asked. Its nominal rate of wrong promotions is "
        f"{1 - rules.confidence:.0%}; a claim counts as shown at p ≤ {rules.level:.3f}, since the bootstrap of so few "
        f"users errs more often than it says: at p ≤ {1 - rules.confidence:.2f} the first line would be promoted at a "
        f"rate of {untightened:.4f}.\n\n{table(rows)}"
    )
