"""Rules that hold the candidate against another model: paired by user, with one correction over a rule's slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from models.gates.evidence import CANDIDATE, Evidence
from models.gates.holm import holm
from models.gates.rules import RIVALS, GateRules, Rule
from models.gates.wording import metric_name, signed
from models.metric_names import known_metrics
from models.metrics import UserMetrics
from models.resampling import Resampled, resample
from models.verdict import RuleOutcome, RuleResult

POWER = 0.8
"""The smallest effect is one that would be shown so often."""


@dataclass(frozen=True)
class Comparison:
    """Candidate − rival on one slice, turned so that more is better; what has to be above `threshold`."""

    slice: str
    rival: str
    ours: float
    theirs: float
    difference: Resampled
    threshold: float
    users: int


def rival_name(rule: Rule, slice_name: str, evidence: Evidence) -> str | None:
    """The model that `rule` names on a slice; None where there is none yet."""
    if rule.rival != "best_baseline":
        return rule.rival if rule.rival in evidence.rivals else None
    lower_is_better = known_metrics(evidence.k)[rule.metric].lower_is_better
    sign = -1 if lower_is_better else 1
    return max(evidence.baselines, key=lambda name: sign * mean_of(rule.metric, name, slice_name, evidence))


def mean_of(metric: str, model: str, slice_name: str, evidence: Evidence) -> float:
    """The mean over users, or the one number that lists or models have."""
    measured = evidence.models[model]
    return {**measured.numbers, **measured.slices[slice_name].summary()}[metric]


def judge_slices(rule: Rule, slices: Sequence[str], evidence: Evidence, settings: GateRules) -> list[RuleResult]:
    """One result for each of `slices`, which have users enough."""
    compared = [_compare(rule, name, evidence, settings) for name in slices]
    shown = holm([each.difference.p_above(each.threshold) for each in compared])
    refuted = holm([each.difference.p_below(each.threshold) for each in compared])
    return [
        _result(rule, each, pair, settings)
        for each, pair in zip(compared, zip(shown, refuted, strict=True), strict=True)
    ]


def reported(rule: Rule, slice_name: str, evidence: Evidence, settings: GateRules) -> RuleResult:
    """A slice with too few users to be judged."""
    compared = _compare(rule, slice_name, evidence, settings)
    why = f"fewer than {settings.min_users} users, not judged"
    return _told(rule, compared, "REPORTED", f"{_about(rule, compared)}: {why}", settings)


def outcome_of(rule: Rule, shown: bool, refuted: bool) -> RuleOutcome:
    if refuted:
        return "FAIL"
    return "PASS" if shown or rule.needs == "no_harm" else "INCONCLUSIVE"


def _compare(rule: Rule, slice_name: str, evidence: Evidence, settings: GateRules) -> Comparison:
    rival = rival_name(rule, slice_name, evidence) or CANDIDATE
    ours, theirs = (evidence.models[name].slices[slice_name] for name in (CANDIDATE, rival))
    sign = -1.0 if known_metrics(evidence.k)[rule.metric].lower_is_better else 1.0
    level = mean_of(rule.metric, rival, slice_name, evidence)
    margin = rule.bound * abs(level)
    return Comparison(
        slice_name,
        rival,
        mean_of(rule.metric, CANDIDATE, slice_name, evidence),
        level,
        resample(sign * _paired(rule.metric, ours, theirs), resamples=settings.resamples, seed=settings.seed),
        margin if rule.comparison == "better_than" else -margin,
        len(ours.users),
    )


def _paired(metric: str, ours: UserMetrics, theirs: UserMetrics) -> np.ndarray:
    return np.asarray((ours.values[metric].double() - theirs.values[metric].double()).numpy())


def _result(rule: Rule, compared: Comparison, adjusted: tuple[float, float], settings: GateRules) -> RuleResult:
    outcome = outcome_of(rule, shown=adjusted[0] <= settings.level, refuted=adjusted[1] <= settings.level)
    verb = {"PASS": "is", "FAIL": "is not", "INCONCLUSIVE": "cannot be told to be"}[outcome]
    if outcome == "PASS" and adjusted[0] > settings.level:
        verb = "is not shown not to be"
    reason = (
        f"{_about(rule, compared)} {verb} above {signed(compared.threshold)}: {_interval(rule, compared, settings)}"
    )
    return _told(rule, compared, outcome, reason, settings, p_value=adjusted[0])


def _told(
    rule: Rule, compared: Comparison, outcome: RuleOutcome, reason: str, settings: GateRules, **more: float
) -> RuleResult:
    bounds = compared.difference.bounds(1 - settings.level)
    return RuleResult(
        f"{rule.rival}: {rule.metric}, {compared.slice}", outcome, reason,
        value=bounds.mean, lower=bounds.lower, upper=bounds.upper, threshold=compared.threshold,
        n_users=compared.users, metric=rule.metric, slice=compared.slice, rival=compared.rival,
        ours=compared.ours, theirs=compared.theirs, smallest_effect=_smallest_effect(compared, settings),
        severity=rule.severity, **more,
    )  # fmt: skip


def _about(rule: Rule, compared: Comparison) -> str:
    rival = RIVALS[str(rule.rival)] + (f", {compared.rival}," if rule.rival == "best_baseline" else "")
    where = "" if compared.slice == "all" else f"on {compared.slice}: "
    return f"{where}candidate − {rival}"


def _interval(rule: Rule, compared: Comparison, settings: GateRules) -> str:
    bounds = compared.difference.bounds(1 - settings.level)
    return (
        f"{metric_name(rule.metric)} {signed(bounds.mean)}, one-sided bounds {signed(bounds.lower)} and "
        f"{signed(bounds.upper)}, {compared.users} users (smallest effect to be shown "
        f"{_smallest_effect(compared, settings):.4f})"
    )


def _smallest_effect(compared: Comparison, settings: GateRules) -> float:
    """By the normal law: (z of the level + z of the power) times the standard error."""
    normal = NormalDist()
    return (normal.inv_cdf(1 - settings.level) + normal.inv_cdf(POWER)) * compared.difference.error
