"""Fairness: no slice of users is served much worse than another one, as far as so many users can tell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from models.gates.against import outcome_of
from models.gates.evidence import CANDIDATE, Evidence
from models.gates.holm import holm
from models.gates.rules import GateRules, Rule
from models.gates.wording import metric_name
from models.metrics import UserMetrics
from models.resampling import resample_groups
from models.verdict import RuleOutcome, RuleResult


def judge_gap(rule: Rule, slices: Sequence[str], evidence: Evidence, settings: GateRules) -> RuleResult:
    """Each slice has at least the share 1 − bound of each other one's mean: put to every pair, since which slices are
    best and worst is found in the data too.

    Shown where it is for each pair at the level (an intersection-union test: Berger 1982); refuted where it is for one,
    corrected over the pairs (Holm 1979). Users are drawn anew from all slices together, so that these may share some.
    """
    measured = [evidence.models[CANDIDATE].slices[name] for name in slices]
    values, belongs = _side_by_side(rule.metric, measured)
    means = resample_groups(values, belongs, resamples=settings.resamples, seed=settings.seed)
    pairs = [means[:, two] - (1 - rule.bound) * means[:, one] for one, two in permutations(range(len(slices)), 2)]
    p_shown = max(_share(~(pair >= 0)) for pair in pairs)
    refuted = min(holm([_share(~(pair < 0)) for pair in pairs])) <= settings.level
    outcome = outcome_of(rule, shown=p_shown <= settings.level, refuted=refuted)
    of = values.sum(axis=0) / belongs.sum(axis=0)
    best, worst = int(of.argmax()), int(of.argmin())
    lower, upper = _bounds(means[:, best], means[:, worst], settings.level)
    gap = 1 - of[worst] / of[best] if of[best] > 0 else 0.0
    reason = (
        f"candidate's {metric_name(rule.metric)} lies between {of[worst]:.4f} on {slices[worst]} and {of[best]:.4f} on "
        f"{slices[best]}: a gap of {gap:.1%} (one-sided bounds {lower:.1%} and {upper:.1%}), which "
        f"{_verb(outcome, p_shown <= settings.level)} {rule.bound:.1%}"
    )
    return RuleResult(
        f"gap: {rule.metric}, {', '.join(rule.slices)}", outcome, reason, value=float(gap), lower=lower, upper=upper,
        threshold=rule.bound, n_users=len(values), metric=rule.metric, p_value=p_shown, severity=rule.severity,
    )  # fmt: skip


def _side_by_side(metric: str, measured: Sequence[UserMetrics]) -> tuple[np.ndarray, np.ndarray]:
    """`values` and `belongs` [users, slices] of all users of the slices; 0 where a user is in another one."""
    rows = [one.users.numpy() for one in measured]
    users = np.unique(np.concatenate(rows))
    values, belongs = (np.zeros((len(users), len(rows))) for _ in range(2))
    for place, (one, of) in enumerate(zip(measured, rows, strict=True)):
        at = np.searchsorted(users, of)
        values[at, place], belongs[at, place] = one.values[metric].double().numpy(), 1.0
    return values, belongs


def _share(contrary: np.ndarray) -> float:
    """A p-value: how many resamples speak against the claim, never 0; those in which a slice has no user do."""
    return (1 + int(contrary.sum())) / (len(contrary) + 1)


def _bounds(best: np.ndarray, worst: np.ndarray, level: float) -> tuple[float, float]:
    found = best > 0
    gaps = 1 - worst[found] / best[found] if found.any() else np.zeros(1)
    lower, upper = np.quantile(gaps, [level, 1 - level])
    return float(lower), float(upper)


def _verb(outcome: RuleOutcome, shown: bool) -> str:
    if outcome == "PASS":
        return "is at most" if shown else "is not shown to be above"
    return "is above" if outcome == "FAIL" else "cannot be told to be at most"
