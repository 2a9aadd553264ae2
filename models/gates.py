"""The gate: may the candidate become champion? A pure decision from per-user metrics, with its reasons.

NaN compares false with everything, so that soundness is asked first and by name, and every rule asks for a proof: what
cannot be shown does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from models.metrics import SLICES, Evaluation, UserMetrics
from models.resampling import Bounds, bootstrap_mean
from models.verdict import RuleOutcome, RuleResult, Verdict, verdict_of

JUDGED_SLICE, REPORTED_SLICE = "all", "new"
BASELINES = ("popularity", "personal_decay")
"""The candidate has to beat the better of these."""


@dataclass(frozen=True, kw_only=True)
class GateRules:
    """`margin` is the share of the champion's mean NDCG that may be lost; `floors` maps a metric, such as
    `ndcg_at_20`, to the least mean on all items; `confidence` is that of each one-sided bound."""

    margin: float
    confidence: float
    resamples: int
    seed: int
    floors: Mapping[str, float] = field(default_factory=dict)


def decide(
    candidate: Evaluation, champion: Evaluation | None, baselines: Mapping[str, Evaluation], rules: GateRules
) -> Verdict:
    """Judge `candidate` by its NDCG on all items against `champion` (None: there is none yet) and `baselines`.

    - sound: every metric of every slice is there, finite and in [0, 1]. The candidate's fault is a FAIL; a fault of
      champion or baselines leaves nothing to compare with, which is INCONCLUSIVE. Nothing else is asked then.
    - champion: mean(candidate − champion) above −margin · mean(champion). Left out where there is no champion.
    - baselines: mean(candidate − the better of `BASELINES`) above 0.
    - floors: no mean of the candidate below its floor.

    A comparison passes when its lower bound is above the threshold, fails when its upper bound is not, and is
    INCONCLUSIVE in between. New items are reported, not judged. Raises ValueError where the models were not measured on
    the same users, or a floor names an unknown metric.
    """
    missing = [name for name in BASELINES if name not in baselines]
    others = dict(baselines) | ({} if champion is None else {"champion": champion})
    faults = [
        *_faults("candidate", candidate, "FAIL"),
        *(fault for name, other in others.items() for fault in _faults(name, other, "INCONCLUSIVE")),
        *(_fault(name, "was not measured", "INCONCLUSIVE") for name in missing),
    ]
    if faults:
        return verdict_of(faults)
    for name, other in others.items():
        _check_same_users(candidate, other, name)
    best = max(BASELINES, key=lambda name: _mean_ndcg(baselines[name], JUDGED_SLICE))
    return verdict_of(
        [
            _against_champion(candidate, champion, rules),
            _against_baseline(candidate, baselines[best], best, rules),
            *_floors(candidate[JUDGED_SLICE], rules.floors),
            _all_sound(candidate),
            *_reported(candidate, champion, baselines[best], best, rules),
        ]
    )


def _faults(name: str, evaluation: Evaluation, outcome: RuleOutcome) -> list[RuleResult]:
    """What makes `evaluation` unfit to be compared: slices that are missing or empty, and unsound metrics."""
    found = [_fault(name, f"has no metrics for {slice_name} items", outcome) for slice_name in _absent(evaluation)]
    for slice_name, metrics in evaluation.items():
        coverage = torch.tensor([metrics.coverage], dtype=torch.float64)
        values = metrics.per_user() | {f"coverage_at_{metrics.k}": coverage}
        for metric, value in values.items():
            bad = int((~(torch.isfinite(value) & (value >= 0) & (value <= 1))).sum())
            if bad:
                said = f"has {bad} of {len(value)} values of {slice_name}/{metric} not finite or outside 0 to 1"
                found.append(_fault(name, said, outcome))
    return found


def _absent(evaluation: Evaluation) -> list[str]:
    return [name for name in SLICES if name not in evaluation or not len(evaluation[name].users)]


def _fault(name: str, said: str, outcome: RuleOutcome) -> RuleResult:
    return RuleResult("sound", outcome, f"{name} {said}")


def _check_same_users(candidate: Evaluation, other: Evaluation, name: str) -> None:
    for slice_name in SLICES:
        ours, theirs = candidate[slice_name], other[slice_name]
        if ours.k != theirs.k or not torch.equal(ours.users, theirs.users):
            raise ValueError(
                f"candidate and {name} were not measured on the same users of {slice_name} items: "
                f"{len(ours.users)} users at {ours.k} against {len(theirs.users)} at {theirs.k}"
            )


def _against_champion(candidate: Evaluation, champion: Evaluation | None, rules: GateRules) -> RuleResult:
    if champion is None:
        return RuleResult("champion", "LEFT_OUT", "there is no champion yet to compare with")
    threshold = -rules.margin * _mean_ndcg(champion, JUDGED_SLICE)
    ours, theirs = candidate[JUDGED_SLICE], champion[JUDGED_SLICE]
    return _judge("champion", "the champion", _bounds(ours, theirs, rules), threshold, ours)


def _against_baseline(candidate: Evaluation, baseline: Evaluation, name: str, rules: GateRules) -> RuleResult:
    ours, theirs = candidate[JUDGED_SLICE], baseline[JUDGED_SLICE]
    return _judge("baselines", f"the best baseline, {name}", _bounds(ours, theirs, rules), 0.0, ours)


def _judge(rule: str, other: str, bounds: Bounds, threshold: float, metrics: UserMetrics) -> RuleResult:
    outcome: RuleOutcome = "INCONCLUSIVE"
    if bounds.lower > threshold:
        outcome = "PASS"
    elif bounds.upper <= threshold:
        outcome = "FAIL"
    verb = {"PASS": "is", "FAIL": "is not", "INCONCLUSIVE": "cannot be told to be"}[outcome]
    reason = f"candidate − {other} {verb} above {threshold:+.4f}: {_interval(bounds, metrics)}"
    return _result(rule, outcome, reason, bounds, metrics, threshold)


def _reported(
    candidate: Evaluation, champion: Evaluation | None, baseline: Evaluation, best: str, rules: GateRules
) -> list[RuleResult]:
    others = ({} if champion is None else {"champion": champion}) | {best: baseline}
    found, ours = [], candidate[REPORTED_SLICE]
    for name, other in others.items():
        bounds = _bounds(ours, other[REPORTED_SLICE], rules)
        reason = f"on new items (not judged) candidate − {name}: {_interval(bounds, ours)}"
        found.append(_result(f"new items, {name}", "REPORTED", reason, bounds, ours, None))
    return found


def _floors(metrics: UserMetrics, floors: Mapping[str, float]) -> list[RuleResult]:
    means = metrics.summary()
    strangers = sorted(set(floors) - set(means))
    if strangers:
        raise ValueError(
            f"there is no metric {', '.join(strangers)} to put a floor under; there are {', '.join(means)}"
        )
    found = []
    for name, floor in floors.items():
        above = means[name] >= floor
        reason = f"candidate's {name} {means[name]:.4f} is {'not ' if above else ''}below its floor {floor:.4f}"
        outcome: RuleOutcome = "PASS" if above else "FAIL"
        found.append(
            RuleResult(f"floor {name}", outcome, reason, value=means[name], threshold=floor, n_users=len(metrics.users))
        )
    return found


def _all_sound(candidate: Evaluation) -> RuleResult:
    n_users = len(candidate[JUDGED_SLICE].users)
    return RuleResult("sound", "PASS", "every metric is there and finite", n_users=n_users)


def _bounds(ours: UserMetrics, theirs: UserMetrics, rules: GateRules) -> Bounds:
    return bootstrap_mean(
        _array(ours.ndcg) - _array(theirs.ndcg),
        confidence=rules.confidence,
        resamples=rules.resamples,
        seed=rules.seed,
    )


def _result(
    name: str, outcome: RuleOutcome, reason: str, bounds: Bounds, metrics: UserMetrics, threshold: float | None
) -> RuleResult:
    return RuleResult(
        name,
        outcome,
        reason,
        value=bounds.mean,
        lower=bounds.lower,
        upper=bounds.upper,
        threshold=threshold,
        n_users=len(metrics.users),
    )


def _interval(bounds: Bounds, metrics: UserMetrics) -> str:
    return (
        f"NDCG@{metrics.k} {bounds.mean:+.4f}, one-sided bounds {bounds.lower:+.4f} and {bounds.upper:+.4f}, "
        f"{len(metrics.users)} users"
    )


def _mean_ndcg(evaluation: Evaluation, slice_name: str) -> float:
    return float(evaluation[slice_name].ndcg.double().mean())


def _array(values: Tensor) -> np.ndarray:
    return np.asarray(values.double().numpy())
