"""The gate passes what is proven, refuses what is not sound, and says why."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.gates import GateRules, decide
from models.metrics import UserMetrics
from models.verdict import RuleResult, Verdict, verdict_of

RULES = GateRules(margin=0.015, confidence=0.95, resamples=500, seed=7, floors={"ndcg_at_20": 0.05})
N_USERS = 400
Slices = dict[str, UserMetrics]


def slice_of(mean: float, *, noise: float = 0.0, seed: int = 0) -> UserMetrics:
    """Users whose NDCG spreads widely and alike for all models, shifted to `mean`, with `noise` of the model's own."""
    shared = np.random.default_rng(99).uniform(-0.2, 0.2, N_USERS)
    own = np.random.default_rng(seed).normal(0, 1, N_USERS)
    values = shared - shared.mean() + noise * (own - own.mean())
    ndcg = torch.tensor(mean + values).clamp(0, 1)
    return UserMetrics(torch.arange(N_USERS), ndcg, ndcg.clone(), (ndcg > 0).double(), coverage=0.5, k=20)


def metrics_of_nobody() -> UserMetrics:
    none = torch.empty(0, dtype=torch.float64)
    return UserMetrics(torch.empty(0, dtype=torch.int64), none, none, none, coverage=0.0, k=20)


def model(mean: float, *, noise: float = 0.0, seed: int = 0) -> Slices:
    return {"all": slice_of(mean, noise=noise, seed=seed), "new": slice_of(0.3, noise=0.01, seed=seed)}


def baselines(popularity: float = 0.3, personal_decay: float = 0.35) -> dict[str, Slices]:
    return {"popularity": model(popularity), "personal_decay": model(personal_decay)}


def rule(verdict: Verdict, name: str) -> RuleResult:
    return next(found for found in verdict.rules if found.name == name)


@pytest.mark.parametrize(
    ("candidate", "champion", "outcome", "first_reason"),
    [
        (model(0.45), model(0.40), "PASS", "candidate − the champion is above -0.0060: NDCG@20 +0.0500"),
        (model(0.40), model(0.40), "PASS", "candidate − the champion is above -0.0060: NDCG@20 +0.0000"),
        (model(0.395), model(0.40), "PASS", "candidate − the champion is above -0.0060: NDCG@20 -0.0050"),
        (model(0.39), model(0.40), "FAIL", "candidate − the champion is not above -0.0060: NDCG@20 -0.0100"),
        (model(0.40, noise=0.1, seed=1), model(0.40), "INCONCLUSIVE", "candidate − the champion cannot be told to be"),
        (model(0.34), model(0.30), "FAIL", "candidate − the best baseline, personal_decay is not above +0.0000"),
        (model(0.35), model(0.30), "FAIL", "candidate − the best baseline, personal_decay is not above +0.0000"),
        (model(0.351, noise=0.05, seed=1), model(0.3), "INCONCLUSIVE", "candidate − the best baseline, personal_decay"),
        (model(0.40), None, "PASS", "candidate − the best baseline, personal_decay is above +0.0000: NDCG@20 +0.0500"),
        (model(0.30), None, "FAIL", "candidate − the best baseline, personal_decay is not above +0.0000"),
    ],
)
def test_the_verdict_and_its_first_reason(
    candidate: Slices, champion: Slices | None, outcome: str, first_reason: str
) -> None:
    verdict = decide(candidate, champion, baselines(), RULES)
    assert verdict.outcome == outcome
    assert verdict.reasons[0].startswith(first_reason)


def test_the_better_baseline_is_the_one_to_beat() -> None:
    verdict = decide(model(0.40), None, baselines(popularity=0.45), RULES)
    assert verdict.outcome == "FAIL"
    assert "popularity" in rule(verdict, "baselines").reason


def test_the_first_candidate_has_no_champion_and_the_verdict_says_so() -> None:
    found = rule(decide(model(0.40), None, baselines(), RULES), "champion")
    assert (found.outcome, found.reason) == ("LEFT_OUT", "there is no champion yet to compare with")


def test_a_mean_below_its_floor_fails_whatever_it_beats() -> None:
    rules = replace(RULES, floors={"ndcg_at_20": 0.5, "recall_at_20": 0.1})
    verdict = decide(model(0.40), None, baselines(), rules)
    assert verdict.outcome == "FAIL"
    assert verdict.reasons[0] == "candidate's ndcg_at_20 0.4000 is below its floor 0.5000"
    assert rule(verdict, "floor recall_at_20").outcome == "PASS"


def test_a_mean_at_its_floor_is_not_below_it() -> None:
    candidate = model(0.40)
    floor = candidate["all"].summary()["ndcg_at_20"]
    assert decide(candidate, None, baselines(), replace(RULES, floors={"ndcg_at_20": floor})).outcome == "PASS"


def test_a_floor_under_a_metric_that_is_not_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="ndcg_at_10"):
        decide(model(0.40), None, baselines(), replace(RULES, floors={"ndcg_at_10": 0.1}))


def test_new_items_are_reported_and_judge_nothing() -> None:
    candidate = model(0.45) | {"new": slice_of(0.0)}
    verdict = decide(candidate, model(0.40), baselines(), RULES)
    assert verdict.outcome == "PASS"
    found = rule(verdict, "new items, champion")
    assert found.outcome == "REPORTED"
    assert found.upper is not None
    assert found.upper < -0.1


def test_a_rule_carries_its_numbers() -> None:
    found = rule(decide(model(0.45, noise=0.01), model(0.40), baselines(), RULES), "champion")
    assert found.threshold == pytest.approx(-0.006)
    assert found.value == pytest.approx(0.05)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < 0.05 < found.upper
    assert found.n_users == N_USERS


@pytest.mark.parametrize("shuffled", ["champion", "popularity", "personal_decay"])
@pytest.mark.parametrize("slice_name", ["all", "new"])
def test_models_measured_on_other_users_are_refused(shuffled: str, slice_name: str) -> None:
    others = {"champion": model(0.40), **baselines()}
    metrics = others[shuffled][slice_name]
    others[shuffled][slice_name] = replace(metrics, users=metrics.users.flip(0))
    champion = others.pop("champion")
    with pytest.raises(ValueError, match=f"{shuffled} were not measured on the same users of {slice_name} items"):
        decide(model(0.45), champion, others, RULES)


def test_a_missing_baseline_leaves_nothing_to_beat() -> None:
    verdict = decide(model(0.45), model(0.40), {"popularity": model(0.1)}, RULES)
    assert (verdict.outcome, verdict.reasons[0]) == ("INCONCLUSIVE", "personal_decay was not measured")


FAULTS = {
    "nan": (lambda metrics: spoilt(metrics, "ndcg", math.nan), "1 of 400 values of all/ndcg_at_20 not finite"),
    "infinite": (lambda metrics: spoilt(metrics, "recall", math.inf), "1 of 400 values of all/recall_at_20 not finite"),
    "negative": (lambda metrics: spoilt(metrics, "hit", -0.1), "1 of 400 values of all/hit_rate_at_20 not finite"),
    "above one": (lambda metrics: spoilt(metrics, "ndcg", 1.5), "1 of 400 values of all/ndcg_at_20 not finite"),
    "coverage": (lambda metrics: replace(metrics, coverage=math.nan), "1 of 1 values of all/coverage_at_20"),
    "empty": (lambda metrics: metrics_of_nobody(), "has no metrics for all items"),
    "missing": (lambda metrics: None, "has no metrics for all items"),
}


def spoilt(metrics: UserMetrics, name: str, value: float) -> UserMetrics:
    values = getattr(metrics, name).clone()
    values[3] = value
    return replace(metrics, **{name: values})


def with_fault(slices: Slices, fault: str, slice_name: str = "all") -> Slices:
    spoil, _ = FAULTS[fault]
    found = spoil(slices[slice_name])
    return {
        name: found if name == slice_name else metrics
        for name, metrics in slices.items()
        if found or name != slice_name
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unsound_candidate_fails_before_anything_is_compared(fault: str) -> None:
    verdict = decide(with_fault(model(0.9), fault), model(0.40), baselines(), RULES)
    assert verdict.outcome == "FAIL"
    assert f"candidate {'' if 'has no' in FAULTS[fault][1] else 'has '}{FAULTS[fault][1]}" in verdict.reasons[0]
    assert {found.name for found in verdict.rules} == {"sound"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("broken", ["champion", "popularity", "personal_decay"])
def test_an_unsound_comparison_decides_nothing(broken: str, fault: str) -> None:
    others = {"champion": model(0.40), **baselines()}
    others[broken] = with_fault(others[broken], fault)
    verdict = decide(model(0.9), others.pop("champion"), others, RULES)
    assert verdict.outcome == "INCONCLUSIVE"
    assert verdict.reasons[0].startswith(broken)


@given(
    who=st.sampled_from(["candidate", "champion", "popularity", "personal_decay", "ials"]),
    fault=st.sampled_from([*FAULTS, "swapped users"]),
    slice_name=st.sampled_from(["all", "new"]),
    mean=st.floats(0.3, 0.7),
)
@settings(max_examples=60, deadline=None)
def test_no_unsound_table_ever_passes(who: str, fault: str, slice_name: str, mean: float) -> None:
    models = {"candidate": model(mean), "champion": model(0.3), "ials": model(0.2), **baselines()}
    if fault == "swapped users":
        metrics = models[who][slice_name]
        models[who][slice_name] = replace(metrics, users=metrics.users.roll(1))
    else:
        models[who] = with_fault(models[who], fault, slice_name)
    candidate, champion = models.pop("candidate"), models.pop("champion")
    try:
        outcome = decide(candidate, champion, models, replace(RULES, resamples=20)).outcome
    except ValueError as error:
        assert fault == "swapped users"
        assert "same users" in str(error)
    else:
        assert outcome == ("FAIL" if who == "candidate" else "INCONCLUSIVE")


@given(candidate=st.floats(0.2, 0.6), champion=st.floats(0.2, 0.6), noise=st.floats(0, 0.1), seed=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_a_pass_is_always_a_proof(candidate: float, champion: float, noise: float, seed: int) -> None:
    theirs = model(champion)
    verdict = decide(model(candidate, noise=noise, seed=seed), theirs, baselines(), replace(RULES, resamples=100))
    found = {name: rule(verdict, name) for name in ("champion", "baselines")}
    cleared = [
        one.lower is not None and one.threshold is not None and one.lower > one.threshold for one in found.values()
    ]
    broken = [
        one.upper is not None and one.threshold is not None and one.upper <= one.threshold for one in found.values()
    ]
    expected = "PASS" if all(cleared) else "FAIL" if any(broken) else "INCONCLUSIVE"
    assert verdict.outcome == expected


def test_the_same_tables_get_the_same_verdict() -> None:
    one, other = (decide(model(0.41, noise=0.05), model(0.40), baselines(), RULES) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("candidate", [model(0.45), with_fault(model(0.45), "nan"), with_fault(model(0.45), "missing")])
def test_a_verdict_is_plain_json_without_nan(candidate: Slices) -> None:
    verdict = decide(candidate, None, baselines(), RULES)
    again = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    assert again["outcome"] == verdict.outcome
    assert again["reasons"] == verdict.reasons
    assert [one["name"] for one in again["rules"]] == [one.name for one in verdict.rules]


def test_a_number_that_is_not_finite_becomes_null() -> None:
    verdict = verdict_of([RuleResult("odd", "FAIL", "odd", value=math.nan, lower=-math.inf)])
    found = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))["rules"][0]
    assert (found["value"], found["lower"]) == (None, None)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "INCONCLUSIVE"),
        (["LEFT_OUT", "REPORTED"], "INCONCLUSIVE"),
        (["PASS", "LEFT_OUT"], "PASS"),
        (["PASS", "INCONCLUSIVE"], "INCONCLUSIVE"),
        (["INCONCLUSIVE", "PASS", "FAIL"], "FAIL"),
    ],
)
def test_the_worst_rule_decides(outcomes: list[str], expected: str) -> None:
    rules = [RuleResult(name, name, name) for name in outcomes]  # type: ignore[arg-type]
    assert verdict_of(rules).outcome == expected
