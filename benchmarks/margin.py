"""The noise the gate's margin has to stand: candidate against champion on windows before the demo's."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

from benchmarks.figures import table
from benchmarks.replay import learn_from, learn_in_full, prepare, truth
from features.hetero import to_hetero
from models.metrics import evaluate

FIRST, WINDOWS = 36, 4


def run() -> tuple[str, dict[str, float]]:
    """Four weekly updates before 2017-10-08; each candidate and its champion rank the same three-day hold-out."""
    context = prepare("2017-10-08")
    gate, holdout = context.params.gate.settings(), context.params.evaluate.holdout
    margin = next(rule.bound for rule in gate.rules if rule.rival == "champion" and rule.matches("all"))
    cuts = [context.calendar.at(index).end - holdout for index in range(FIRST - 1, FIRST + WINDOWS)]
    champion = learn_in_full(context, cuts[0])
    rows: list[dict[str, object]] = []
    powers = []
    for index, (start, end) in enumerate(pairwise(cuts)):
        candidate = learn_from(champion, context, start, end)
        hetero = to_hetero(candidate.graph)
        pairs = truth(context, candidate.graph, end, end + holdout)
        new = evaluate(candidate.over(hetero), pairs, hetero, context.params.evaluate.k)["all"].ndcg
        old = evaluate(champion.over(hetero), pairs, hetero, context.params.evaluate.k)["all"].ndcg
        deviation, users, level = float((new - old).std()), len(new), float(old.mean())
        power = _power(margin * level, deviation, users, gate.confidence)
        powers.append(power)
        rows.append(
            {
                "window": context.calendar.at(FIRST + index).name,
                "users": users,
                "champion NDCG@20": level,
                "mean difference": f"{float((new - old).mean()):+.5f}",
                "deviation a user": deviation,
                f"power at {margin:.1%}": f"{power:.2f}",
            }
        )
        champion = candidate
    figures = {
        "largest_deviation": max(float(str(row["deviation a user"])) for row in rows),
        "least_power": min(powers),
    }
    text = (
        "## Noise the gate's margin stands (`make bench-margin`)\n\n"
        f"Complete Journey, weeks {FIRST}–{FIRST + WINDOWS - 1} (before the demo's windows): an incremental candidate "
        "against its champion on the same graph and three-day hold-out. Power: how often two equally good models pass "
        f"a margin of {margin:.1%}.\n\n{table(rows)}"
    )
    return text, figures


def _power(margin: float, deviation: float, users: int, confidence: float) -> float:
    """Chance that the lower one-sided bound of a mean difference of 0 lies above −margin (normal approximation)."""
    if deviation == 0:
        return 1.0
    normal = NormalDist()
    return normal.cdf(margin * math.sqrt(users) / deviation - normal.inv_cdf(confidence))
