"""What is not sound is never judged, and never passes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.gates.decide import decide
from models.gates.evidence import Measured
from models.metrics import UserMetrics
from tests.models.gate_toy import RULES, WINDOW, evidence, model, with_model

EVERYBODY = ("candidate", "champion", "popularity", "personal_decay")


def spoilt(name: str, value: float) -> Callable[[UserMetrics], UserMetrics]:
    def spoil(metrics: UserMetrics) -> UserMetrics:
        values = metrics.values[name].clone()
        values[3] = value
        return replace(metrics, values=dict(metrics.values) | {name: values})

    return spoil


def without(name: str) -> Callable[[UserMetrics], UserMetrics]:
    return lambda metrics: replace(metrics, values={each: v for each, v in metrics.values.items() if each != name})


def overall(value: float) -> Callable[[UserMetrics], UserMetrics]:
    return lambda metrics: replace(metrics, overall=dict(metrics.overall) | {"coverage_at_20": value})


def of_nobody(metrics: UserMetrics) -> UserMetrics:
    return replace(metrics, users=metrics.users[:0], values={name: value[:0] for name, value in metrics.values.items()})


FAULTS: dict[str, tuple[Callable[[UserMetrics], UserMetrics] | None, str]] = {
    "nan": (spoilt("ndcg_at_20", math.nan), "1 of 400 values of all/ndcg_at_20 not finite"),
    "infinite": (spoilt("recall_at_5", math.inf), "1 of 400 values of all/recall_at_5 not finite"),
    "negative": (spoilt("hit_rate_at_10", -0.1), "1 of 400 values of all/hit_rate_at_10 not finite"),
    "above one": (spoilt("map_at_20", 1.5), "1 of 400 values of all/map_at_20 not finite"),
    "unbounded, infinite": (
        spoilt("popularity_lift_at_20", math.inf),
        "values of all/popularity_lift_at_20 not finite",
    ),
    "coverage": (overall(math.nan), "1 of 1 values of all/coverage_at_20"),
    "metric missing": (without("ndcg_at_10"), "lacks all/ndcg_at_10"),
    "of nobody": (of_nobody, "has no metrics for all items"),
    "slice missing": (None, "has no metrics for all items"),
    "of other users": (lambda metrics: replace(metrics, users=metrics.users + 1), "400 users of all"),
    "of another length": (lambda metrics: replace(metrics, k=10), "at 10 on all, not at 20"),
}


def with_fault(measured: Measured, fault: str, slice_name: str = "all") -> Measured:
    spoil, _ = FAULTS[fault]
    slices = dict(measured.slices)
    metrics = slices.pop(slice_name)
    return replace(measured, slices=slices | ({slice_name: spoil(metrics)} if spoil else {}))


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "of other users"])
def test_an_unsound_candidate_fails_before_anything_is_compared(fault: str) -> None:
    found = evidence(model(0.9), model(0.40))
    verdict = decide(with_model(found, "candidate", with_fault(found.models["candidate"], fault)), RULES)
    assert verdict.outcome == "FAIL"
    assert any(reason.startswith("candidate") and FAULTS[fault][1] in reason for reason in verdict.reasons)
    assert {one.name for one in verdict.rules} == {"sound"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("broken", EVERYBODY[1:])
def test_an_unsound_comparison_decides_nothing(broken: str, fault: str) -> None:
    found = evidence(model(0.9), model(0.40))
    verdict = decide(with_model(found, broken, with_fault(found.models[broken], fault)), RULES)
    assert verdict.outcome == "INCONCLUSIVE"
    assert verdict.reasons[0].startswith(broken) and FAULTS[fault][1] in verdict.reasons[0]


@pytest.mark.parametrize("missing", EVERYBODY)
def test_a_model_that_was_not_measured_leaves_nothing_to_judge(missing: str) -> None:
    verdict = decide(with_model(evidence(model(0.9), model(0.4)), missing, None), RULES)
    assert verdict.outcome == ("FAIL" if missing == "candidate" else "INCONCLUSIVE")
    assert f"{missing} was not measured" in verdict.reasons


@pytest.mark.parametrize("stale", EVERYBODY)
def test_metrics_of_another_window_are_never_judged(stale: str) -> None:
    found = evidence(model(0.9), model(0.4))
    verdict = decide(with_model(found, stale, replace(found.models[stale], window="2017-10-01")), RULES)
    assert verdict.outcome == ("FAIL" if stale == "candidate" else "INCONCLUSIVE")
    assert verdict.reasons[0] == f"{stale} was measured on window 2017-10-01, not {WINDOW}"


def test_without_baselines_nothing_is_better_than_the_best_of_them() -> None:
    assert decide(replace(evidence(model(0.9), model(0.4)), baselines=()), RULES).outcome == "INCONCLUSIVE"


@given(
    who=st.sampled_from(EVERYBODY),
    fault=st.sampled_from([*FAULTS]),
    slice_name=st.sampled_from(["all", "new"]),
    mean=st.floats(0.3, 0.7),
)
@settings(max_examples=80, deadline=None)
def test_no_unsound_table_ever_passes(who: str, fault: str, slice_name: str, mean: float) -> None:
    found = evidence(model(mean), model(0.3))
    verdict = decide(with_model(found, who, with_fault(found.models[who], fault, slice_name)), RULES)
    assert verdict.outcome in ("FAIL", "INCONCLUSIVE")
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_users_are_compared_one_by_one() -> None:
    found = evidence(model(0.9), model(0.4))
    swapped = dict(found.models["champion"].slices)
    swapped["new"] = replace(swapped["new"], users=swapped["new"].users.roll(1))
    verdict = decide(with_model(found, "champion", Measured(WINDOW, swapped)), RULES)
    assert verdict.outcome == "INCONCLUSIVE"
    assert not torch.equal(swapped["new"].users, found.models["candidate"].slices["new"].users)
