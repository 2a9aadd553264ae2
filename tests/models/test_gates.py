"""The gate passes what is proven, refuses what is not, and says why."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.gates.decide import decide
from models.gates.evidence import Measured
from models.gates.holm import holm
from models.gates.rules import Rule
from models.verdict import RuleResult, verdict_of
from tests.models.gate_toy import (
    AGAINST_CHAMPION,
    N_USERS,
    RULES,
    Slices,
    evidence,
    model,
    result,
    results,
    slice_of,
    with_model,
    with_slices,
)

NO_HARM = Rule(
    metric="ndcg_at_20", comparison="not_worse_than", rival="champion", bound=0.05, slices=("part/*",), needs="no_harm"
)


@pytest.mark.parametrize(
    ("candidate", "champion", "outcome", "first_reason"),
    [
        (model(0.45), model(0.40), "PASS", "candidate − the best baseline, personal_decay, is above +0.0000"),
        (model(0.40), model(0.40), "PASS", "candidate − the best baseline, personal_decay, is above +0.0000"),
        (model(0.395), model(0.40), "PASS", "candidate − the best baseline, personal_decay, is above +0.0000"),
        (model(0.39), model(0.40), "FAIL", "candidate − the champion is not above -0.0060: NDCG@20 -0.0100"),
        (model(0.40, noise=0.1, seed=1), model(0.40), "INCONCLUSIVE", "candidate − the champion cannot be told to be"),
        (model(0.34), model(0.30), "FAIL", "candidate − the best baseline, personal_decay, is not above +0.0000"),
        (model(0.35), model(0.30), "FAIL", "candidate − the best baseline, personal_decay, is not above +0.0000"),
        (model(0.351, noise=0.05, seed=1), model(0.3), "INCONCLUSIVE", "candidate − the best baseline, personal_decay"),
        (model(0.40), None, "PASS", "candidate − the best baseline, personal_decay, is above +0.0000: NDCG@20 +0.0500"),
        (model(0.30), None, "FAIL", "candidate − the best baseline, personal_decay, is not above +0.0000"),
    ],
)
def test_the_verdict_and_its_first_reason(
    candidate: Slices, champion: Slices | None, outcome: str, first_reason: str
) -> None:
    verdict = decide(evidence(candidate, champion), RULES)
    assert verdict.outcome == outcome
    assert verdict.reasons[0].startswith(first_reason)


def test_the_better_baseline_is_the_one_to_beat() -> None:
    verdict = decide(evidence(model(0.40), popularity=model(0.45)), RULES)
    assert verdict.outcome == "FAIL"
    assert result(verdict, "best_baseline").rival == "popularity"


@pytest.mark.parametrize(("rival", "said"), [("champion", "champion"), ("last_full", "last full fit")])
def test_a_rival_there_never_was_leaves_its_rule_out_and_the_verdict_says_so(rival: str, said: str) -> None:
    asked = replace(AGAINST_CHAMPION, rival=rival)  # type: ignore[arg-type]
    found = result(decide(evidence(model(0.40)), replace(RULES, rules=(asked,))), rival)
    assert (found.outcome, found.reason) == ("LEFT_OUT", f"there is no {said} yet to compare with")


def test_margins_do_not_add_up_where_the_last_full_fit_is_a_rival_too() -> None:
    rules = replace(RULES, rules=(AGAINST_CHAMPION, replace(AGAINST_CHAMPION, rival="last_full", bound=0.03)))
    crept = evidence(model(0.395), model(0.40), last_full=model(0.42))
    assert decide(replace(crept, rivals=("champion",)), rules).outcome == "PASS"
    verdict = decide(crept, rules)
    assert (verdict.outcome, result(verdict, "last_full").outcome) == ("FAIL", "FAIL")


@pytest.mark.parametrize(
    ("comparison", "bound", "outcome"),
    [("floor", 0.5, "FAIL"), ("floor", 0.4, "PASS"), ("ceiling", 0.5, "PASS"), ("ceiling", 0.39, "FAIL")],
)
def test_a_mean_has_to_stand_on_its_side_of_a_bound(comparison: str, bound: float, outcome: str) -> None:
    asked = Rule(metric="recall_at_10", comparison=comparison, bound=bound)  # type: ignore[arg-type]
    verdict = decide(evidence(model(0.4001)), replace(RULES, rules=(asked,)))
    assert (verdict.outcome, result(verdict, comparison).value) == (outcome, pytest.approx(0.4001))


def test_a_rule_about_a_metric_that_nobody_measures_is_refused() -> None:
    asked = Rule(metric="ndcg_at_7", comparison="floor", bound=0.1)
    with pytest.raises(ValueError, match="no metric ndcg_at_7; there are ndcg_at_5"):
        decide(evidence(model(0.40)), replace(RULES, rules=(asked,)))


def test_of_a_metric_that_is_better_when_lower_more_is_a_loss() -> None:
    asked = replace(AGAINST_CHAMPION, metric="popularity_lift_at_20")
    assert decide(evidence(model(0.45), model(0.40)), replace(RULES, rules=(asked,))).outcome == "FAIL"
    assert decide(evidence(model(0.35), model(0.40)), replace(RULES, rules=(asked,))).outcome == "PASS"


@pytest.mark.parametrize(("coverage", "outcome"), [(0.46, "PASS"), (0.44, "FAIL")])
def test_what_lists_have_together_is_compared_without_an_interval(coverage: float, outcome: str) -> None:
    candidate = model(0.4)
    overall = dict(candidate["all"].overall) | {"coverage_at_20": coverage}
    candidate["all"] = replace(candidate["all"], overall=overall)
    asked = replace(AGAINST_CHAMPION, metric="coverage_at_20", bound=0.1)
    found = result(decide(evidence(candidate, model(0.4)), replace(RULES, rules=(asked,))), "champion")
    assert (found.outcome, found.lower, found.theirs) == (outcome, None, 0.5)


@pytest.mark.parametrize(
    ("forgetting", "outcome"), [(0.01, "PASS"), (0.03, "FAIL"), (None, "FAIL"), (math.nan, "FAIL")]
)
def test_numbers_of_the_model_are_judged_and_have_to_be_there(forgetting: float | None, outcome: str) -> None:
    asked = Rule(metric="forgetting", comparison="ceiling", bound=0.02)
    slices = evidence(model(0.4)).models["candidate"].slices
    numbers = {} if forgetting is None else {"forgetting": forgetting}
    found = with_model(evidence(model(0.4)), "candidate", Measured("2017-10-08", slices, numbers))
    assert decide(found, replace(RULES, rules=(asked,))).outcome == outcome


def test_harm_to_one_slice_fails_and_the_others_pass() -> None:
    parts = {f"part/{name}": 0.4 for name in "abc"}
    champion = with_slices(model(0.4), parts)
    candidate = with_slices(model(0.4), parts | {"part/b": 0.3})
    verdict = decide(evidence(candidate, champion), replace(RULES, rules=(NO_HARM,)))
    assert verdict.outcome == "FAIL"
    assert {one.slice: one.outcome for one in results(verdict, "champion")} == {
        "part/a": "PASS", "part/b": "FAIL", "part/c": "PASS",
    }  # fmt: skip
    assert verdict.reasons[0].startswith("on part/b: candidate − the champion is not above")


def test_what_is_not_shown_passes_only_where_no_harm_is_asked_for() -> None:
    champion = with_slices(model(0.4), {"part/a": 0.4})
    candidate = with_slices(model(0.4), {"part/a": 0.39}, noise=0.1)
    found = evidence(candidate, champion)
    rule = replace(NO_HARM, bound=0.03)
    lenient = decide(found, replace(RULES, rules=(rule,)))
    assert (lenient.outcome, "is not shown not to be above" in lenient.reasons[0]) == ("PASS", True)
    assert decide(found, replace(RULES, rules=(replace(rule, needs="proof"),))).outcome == "INCONCLUSIVE"


def test_the_more_slices_are_asked_the_more_each_has_to_show() -> None:
    parts = {f"part/{number}": 0.4 for number in range(20)}
    champion = with_slices(model(0.4), parts)
    candidate = with_slices(model(0.4), parts)
    candidate["part/3"] = slice_of(0.37, noise=0.1, seed=3)
    found, alone = evidence(candidate, champion), replace(NO_HARM, bound=0.05, slices=("part/3",))
    assert decide(found, replace(RULES, resamples=4000, rules=(alone,))).outcome == "FAIL"
    assert decide(found, replace(RULES, resamples=4000, rules=(NO_HARM,))).outcome == "PASS"


def test_a_slice_with_few_users_is_reported_and_not_judged() -> None:
    champion = with_slices(model(0.4), {"part/a": 0.4}, users=49)
    candidate = with_slices(model(0.4), {"part/a": 0.1}, users=49)
    verdict = decide(evidence(candidate, champion), replace(RULES, rules=(AGAINST_CHAMPION, NO_HARM)))
    few = next(one for one in verdict.rules if one.slice == "part/a")
    assert (verdict.outcome, few.outcome, few.n_users) == ("PASS", "REPORTED", 49)


def test_no_harm_on_a_named_slice_with_few_users_is_reported() -> None:
    found = evidence(*(with_slices(model(0.4), {"few": 0.4}, users=49) for _ in range(2)))
    rule = replace(NO_HARM, slices=("few",))
    verdict = decide(found, replace(RULES, rules=(AGAINST_CHAMPION, rule)))
    assert (verdict.outcome, verdict.rules[1].outcome) == ("PASS", "REPORTED")


@pytest.mark.parametrize("asked", ["nowhere", "few"])
def test_a_slice_asked_for_by_name_has_to_be_there_with_users_enough(asked: str) -> None:
    found = evidence(*(with_slices(model(0.4), {"few": 0.4}, users=49) for _ in range(2)))
    rule = replace(AGAINST_CHAMPION, slices=(asked,))
    assert decide(found, replace(RULES, rules=(AGAINST_CHAMPION, rule))).outcome == "INCONCLUSIVE"


def test_a_pattern_that_no_slice_matches_leaves_the_rule_out() -> None:
    verdict = decide(evidence(model(0.4), model(0.4)), replace(RULES, rules=(AGAINST_CHAMPION, NO_HARM)))
    assert verdict.outcome == "PASS"
    assert [one.reason for one in verdict.rules if one.outcome == "LEFT_OUT"] == [
        "no slice of this window is one of part/*"
    ]


def test_a_warning_is_told_and_decides_nothing() -> None:
    asked = replace(AGAINST_CHAMPION, severity="warning")
    verdict = decide(evidence(model(0.36), model(0.40)), replace(RULES, rules=(RULES.rules[0], asked)))
    assert verdict.outcome == "PASS"
    assert len(verdict.warnings) == 1 and "the champion is not above" in verdict.warnings[0]
    assert verdict.reasons[-1] == verdict.warnings[0]


def test_warnings_alone_promote_nobody() -> None:
    asked = replace(AGAINST_CHAMPION, severity="warning")
    verdict = decide(evidence(model(0.5), model(0.40)), replace(RULES, rules=(asked,)))
    assert [one.outcome for one in verdict.rules if one.severity == "blocking"] == ["PASS"]  # soundness
    assert verdict.outcome == "INCONCLUSIVE"


def test_a_check_of_behaviour_that_failed_fails_the_candidate() -> None:
    failed = RuleResult("behaviour: answers", "FAIL", "the artefact does not answer")
    verdict = decide(replace(evidence(model(0.5), model(0.4)), checks=(failed,)), RULES)
    assert (verdict.outcome, verdict.reasons[0]) == ("FAIL", "the artefact does not answer")


def test_a_rule_carries_its_numbers() -> None:
    found = result(decide(evidence(model(0.45, noise=0.01), model(0.40)), RULES), "champion")
    assert found.threshold == pytest.approx(-0.006)
    assert found.value == pytest.approx(0.05)
    assert found.lower is not None and found.upper is not None
    assert found.lower < 0.05 < found.upper
    assert (found.n_users, found.metric, found.slice, found.rival) == (N_USERS, "ndcg_at_20", "all", "champion")
    assert (found.ours, found.theirs) == (pytest.approx(0.45), pytest.approx(0.40))
    # (1.881 + 0.842) · .01 / √400, by the normal law
    assert found.smallest_effect == pytest.approx(2.723 * 0.01 / 20, rel=0.15)


@given(candidate=st.floats(0.2, 0.6), champion=st.floats(0.2, 0.6), noise=st.floats(0, 0.1), seed=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_a_pass_is_always_a_proof(candidate: float, champion: float, noise: float, seed: int) -> None:
    found = evidence(model(candidate, noise=noise, seed=seed), model(champion))
    verdict = decide(found, replace(RULES, resamples=100))
    asked = [result(verdict, name) for name in ("champion", "best_baseline")]
    assert all(one.p_value is not None for one in asked)
    shown = [one.p_value is not None and one.p_value <= RULES.level for one in asked]
    assert (verdict.outcome == "PASS") == all(shown)
    for one in asked:
        if one.outcome == "PASS":
            assert one.lower is not None and one.threshold is not None and one.lower > one.threshold


def test_the_same_tables_get_the_same_verdict() -> None:
    one, other = (decide(evidence(model(0.41, noise=0.05), model(0.40)), RULES) for _ in range(2))
    assert one == other


def test_a_verdict_is_plain_json_without_nan() -> None:
    verdict = verdict_of([RuleResult("odd", "FAIL", "odd", value=math.nan, lower=-math.inf)])
    again = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    assert (again["outcome"], again["reasons"]) == ("FAIL", ["odd"])
    assert (again["rules"][0]["value"], again["rules"][0]["lower"]) == (None, None)


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


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_between_no_correction_and_bonferronis(p_values: list[float]) -> None:
    adjusted = np.array(holm(p_values))
    assert (adjusted >= np.array(p_values)).all()
    assert (adjusted <= np.minimum(1, len(p_values) * np.array(p_values)) + 1e-12).all()


def test_a_model_that_no_rule_compares_needs_no_numbers() -> None:
    asked = Rule(metric="forgetting", comparison="ceiling", bound=0.02)
    found = evidence(model(0.4), model(0.4))
    slices = found.models["candidate"].slices
    found = with_model(found, "candidate", Measured("2017-10-08", slices, {"forgetting": 0.01}))
    assert decide(found, replace(RULES, rules=(asked,))).outcome == "PASS"
    compared = replace(asked, comparison="not_worse_than", rival="champion")
    assert decide(found, replace(RULES, rules=(compared,))).outcome == "INCONCLUSIVE"
