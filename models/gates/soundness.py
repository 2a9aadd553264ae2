"""Whether what was measured can be judged at all. NaN compares false with everything, so it is refused first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from models.gates.evidence import CANDIDATE, Evidence, Measured
from models.metric_names import Metric, known_metrics
from models.metrics import UserMetrics
from models.verdict import RuleOutcome, RuleResult


def faults(evidence: Evidence, wanted: Mapping[str, frozenset[str]]) -> list[RuleResult]:
    """Everything because of which nothing can be judged; `wanted` are numbers that each model as a whole must have.

    A model, slice or metric that is missing, metrics of another window or of other users, values that are not finite
    or outside their range. The candidate's fault is a FAIL; one of another model leaves nothing to compare with, which
    is INCONCLUSIVE.
    """
    found = []
    for name in (CANDIDATE, *evidence.needed):
        outcome: RuleOutcome = "FAIL" if name == CANDIDATE else "INCONCLUSIVE"
        said = _of_model(name, evidence, wanted.get(name, frozenset()))
        found += [RuleResult("sound", outcome, f"{name} {what}") for what in said]
    return found


def all_sound(evidence: Evidence) -> RuleResult:
    users = len(evidence.models[CANDIDATE].slices["all"].users)
    return RuleResult("sound", "PASS", "every metric is there and finite", n_users=users)


def _of_model(name: str, evidence: Evidence, wanted_numbers: frozenset[str]) -> Iterator[str]:
    model = evidence.models.get(name)
    if model is None:
        yield "was not measured"
        return
    if model.window != evidence.window:
        yield f"was measured on window {model.window}, not {evidence.window}"
    known = known_metrics(evidence.k)
    for slice_name in evidence.slices:
        yield from _of_slice(slice_name, model, evidence, known)
    for number in sorted(wanted_numbers):
        yield from _of_number(number, model.numbers, known)


def _of_slice(slice_name: str, model: Measured, evidence: Evidence, known: Mapping[str, Metric]) -> Iterator[str]:
    metrics = model.slices.get(slice_name)
    if metrics is None or not len(metrics.users):
        yield f"has no metrics for {slice_name} items" if slice_name in ("all", "new") else f"lacks slice {slice_name}"
        return
    candidate = evidence.models[CANDIDATE].slices.get(slice_name) if CANDIDATE in evidence.models else None
    if metrics.k != evidence.k:
        yield f"was measured at {metrics.k} on {slice_name}, not at {evidence.k}"
    elif candidate is not None and not torch.equal(candidate.users, metrics.users):
        others = f"the candidate on {len(candidate.users)} others"
        yield f"was measured on {len(metrics.users)} users of {slice_name}, {others}"
    for name, metric in known.items():
        if metric.of != "model":
            yield from _of_metric(f"{slice_name}/{name}", _values(name, metrics), metric)


def _of_metric(name: str, values: torch.Tensor | None, metric: Metric) -> Iterator[str]:
    if values is None:
        yield f"lacks {name}"
        return
    slack = 1e-9  # sums round
    bad = ~(torch.isfinite(values) & (values >= metric.low - slack) & (values <= metric.high + slack))
    if bad.any():
        span = f"{metric.low:g} to {metric.high:g}"
        yield f"has {int(bad.sum())} of {len(values)} values of {name} not finite or outside {span}"


def _of_number(name: str, numbers: Mapping[str, float], known: Mapping[str, Metric]) -> Iterator[str]:
    value = torch.tensor([numbers[name]], dtype=torch.float64) if name in numbers else None
    yield from _of_metric(name, value, known[name])


def _values(name: str, metrics: UserMetrics) -> torch.Tensor | None:
    if name in metrics.overall:
        return torch.tensor([metrics.overall[name]], dtype=torch.float64)
    return metrics.values.get(name)
