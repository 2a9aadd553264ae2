"""Rules without an interval: a floor, a ceiling, and numbers of lists or models beside a rival's."""

from __future__ import annotations

from models.gates.against import mean_of, rival_name
from models.gates.evidence import CANDIDATE, Evidence
from models.gates.rules import RIVALS, Rule
from models.gates.wording import metric_name, signed
from models.metric_names import known_metrics
from models.verdict import RuleOutcome, RuleResult


def judge_bound(rule: Rule, slice_name: str, evidence: Evidence) -> RuleResult:
    """The candidate's mean is at least its floor, or at most its ceiling."""
    ours = mean_of(rule.metric, CANDIDATE, slice_name, evidence)
    holds = ours >= rule.bound if rule.comparison == "floor" else ours <= rule.bound
    side = "below" if rule.comparison == "floor" else "above"
    reason = (
        f"{_on(slice_name)}candidate's {metric_name(rule.metric)} {ours:.4f} is {'not ' if holds else ''}{side} its "
        f"{rule.comparison} {rule.bound:.4f}"
    )
    return _told(
        rule, slice_name, holds, reason, _users(slice_name, evidence), value=ours, threshold=rule.bound, ours=ours
    )


def judge_number(rule: Rule, slice_name: str, evidence: Evidence) -> RuleResult:
    """What lists have together, or a model as a whole, beside the rival's: one number each, and no interval."""
    rival = rival_name(rule, slice_name, evidence) or CANDIDATE
    ours, theirs = (mean_of(rule.metric, name, slice_name, evidence) for name in (CANDIDATE, rival))
    sign = -1.0 if known_metrics(evidence.k)[rule.metric].lower_is_better else 1.0
    margin = rule.bound * abs(theirs)
    threshold = margin if rule.comparison == "better_than" else -margin
    difference = sign * (ours - theirs)
    holds = difference > threshold if rule.comparison == "better_than" else difference >= threshold
    wanted, contrary = ("better", "not better") if rule.comparison == "better_than" else ("no worse", "worse")
    reason = (
        f"{_on(slice_name)}candidate's {metric_name(rule.metric)} {ours:.4f} is {wanted if holds else contrary} than "
        f"{RIVALS[str(rule.rival)]}'s {theirs:.4f}: {signed(difference)}, the limit {signed(threshold)}"
    )
    more = {"value": difference, "threshold": threshold, "ours": ours, "theirs": theirs}
    return _told(rule, slice_name, holds, reason, _users(slice_name, evidence), rival=rival, **more)


def _told(
    rule: Rule,
    slice_name: str,
    holds: bool,
    reason: str,
    users: int,
    *,
    rival: str | None = None,
    **numbers: float,
) -> RuleResult:
    outcome: RuleOutcome = "PASS" if holds else "FAIL"
    name = f"{rule.rival or rule.comparison}: {rule.metric}, {slice_name}"
    return RuleResult(
        name, outcome, reason, n_users=users, metric=rule.metric, slice=slice_name, rival=rival,
        severity=rule.severity, **numbers,
    )  # fmt: skip


def _users(slice_name: str, evidence: Evidence) -> int:
    return len(evidence.models[CANDIDATE].slices[slice_name].users)


def _on(slice_name: str) -> str:
    return "" if slice_name == "all" else f"on {slice_name}: "
