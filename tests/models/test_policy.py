"""Which update is worth it, case by case, and what holds in every case."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.policy import decide_update
from models.policy_terms import MODES, Decision, Mode, PolicyRules, Situation

RULES = PolicyRules(
    skip_below=0.001,
    graph_only_below=0.01,
    psi_some=0.1,
    psi_much=0.25,
    max_forgetting=0.02,
    max_shadow_loss=0.01,
    full_every=8,
    shadow_every=4,
)
CPU: dict[Mode, float | None] = {"graph-only": 2.0, "incremental": 4.0, "full": 35.0}
USUAL = Situation(
    new_edges=0.03,
    psi=0.02,
    forgetting=0.001,
    windows_since_full=3,
    windows_since_shadow=2,
    shadow_loss=0.002,
    retrain_for=(),
    cpu_seconds=CPU,
)
HOURS = {"cpu_budget": 10.0}


def decided(changes: dict[str, Any], rules: dict[str, Any]) -> Decision:
    return decide_update(replace(USUAL, **changes), replace(RULES, **rules))


@pytest.mark.parametrize(
    ("changes", "rules", "mode", "first_reason"),
    [
        ({}, {}, "incremental", "the delta is 3.000% of the edges, 1.000% or more"),
        ({"new_edges": 0.0}, {}, "skip", "the delta is 0.000% of the edges, below 0.100%: not worth an update"),
        ({"new_edges": 0.0009}, {}, "skip", "the delta is 0.090%"),
        ({"new_edges": 0.001}, {}, "graph-only", "the delta is 0.100% of the edges, below 1.000%: not worth learning"),
        ({"new_edges": 0.01}, {}, "incremental", "the delta is 1.000%"),
        ({"new_edges": 0.0, "psi": 0.15}, {}, "incremental", "drift: PSI 0.15 is above 0.1"),
        ({"psi": 0.3}, {}, "full", "drift: PSI 0.3 is above 0.25"),
        ({"psi": 0.25}, {}, "incremental", "drift: PSI 0.25 is above 0.1"),
        ({"forgetting": 0.03}, {}, "full", "forgetting 3.00% of NDCG is above 2.00%"),
        ({"forgetting": -0.03}, {}, "incremental", "the delta"),
        ({"shadow_loss": 0.02}, {}, "full", "the loss of incremental updates against a full retrain, 2.00%"),
        ({"shadow_loss": 0.02, "windows_since_full": 2}, {}, "incremental", "the delta"),
        ({"shadow_loss": 0.02, "windows_since_shadow": None}, {}, "full", "the loss of incremental"),
        ({"windows_since_full": 8}, {}, "full", "the last full fit is 8 windows old; one is due every 8"),
        ({"windows_since_full": 7}, {}, "incremental", "the delta"),
        ({"retrain_for": ("psi", "cold")}, {}, "full", "the watch asks for a retrain, for psi, cold"),
        ({"retrain_for": ("psi",), "new_edges": 0.0}, {}, "full", "the watch asks for a retrain, for psi"),
        # several at once: the order of precedence
        ({"retrain_for": ("cold",), "forgetting": 1, "windows_since_full": 9}, {}, "full", "the watch asks"),
        ({"forgetting": 0.03, "shadow_loss": 0.5, "psi": 1}, {}, "full", "forgetting"),
        ({"shadow_loss": 0.5, "psi": 1, "windows_since_full": 9}, {}, "full", "the loss of incremental"),
        ({"psi": 1, "windows_since_full": 9}, {}, "full", "drift"),
        # the budget has the last word
        ({"psi": 0.3}, {"cpu_budget": 35.0}, "full", "drift"),
        ({"psi": 0.3}, HOURS, "incremental", "full costs 35 CPU seconds, above the budget of 10"),
        ({"psi": 0.3}, {"cpu_budget": 3.0}, "graph-only", "full costs 35 CPU seconds, above the budget of 3"),
        ({}, {"cpu_budget": 1.0}, "skip", "incremental costs 4 CPU seconds, above the budget of 1"),
        ({"new_edges": 0.0}, {"cpu_budget": 0.0}, "skip", "the delta"),
        ({"psi": 0.3, "cpu_seconds": {}}, HOURS, "incremental", "what full costs is not known"),
        ({"cpu_seconds": {}}, HOURS, "incremental", "the delta"),
        ({"psi": 0.3, "cpu_seconds": {}}, {}, "full", "drift"),
        ({"cpu_seconds": {"incremental": math.nan}}, HOURS, "incremental", "the delta"),
        # what is not known is never taken for fine
        ({"new_edges": None}, {}, "incremental", "the size of the delta is not known"),
        ({"new_edges": 0.0, "psi": None}, {}, "incremental", "drift is not known"),
        ({"new_edges": 0.0, "psi": math.nan}, {}, "incremental", "drift is not known"),
        ({"new_edges": 0.0, "forgetting": None}, {}, "incremental", "forgetting is not known"),
        ({"new_edges": 0.0, "retrain_for": None}, {}, "incremental", "it is not known whether the watch asks"),
        ({"new_edges": -0.1}, {}, "incremental", "the size of the delta is not known"),
        ({"windows_since_full": None}, {}, "full", "it is not known when the last full fit was"),
        ({"new_edges": 0.0, "shadow_loss": None}, {}, "skip", "the delta"),
    ],
)
def test_cases(changes: dict[str, Any], rules: dict[str, Any], mode: Mode, first_reason: str) -> None:
    found = decided(changes, rules)
    assert (found.mode, found.reasons[0][: len(first_reason)]) == (mode, first_reason)


def test_every_reason_that_applied_is_told_the_deciding_one_first() -> None:
    found = decided({"psi": 0.15, "forgetting": None, "windows_since_full": 9}, HOURS)
    assert found.mode == "incremental"
    assert found.reasons == (
        "full costs 35 CPU seconds, above the budget of 10",
        "the last full fit is 9 windows old; one is due every 8",
        "forgetting is not known",
        "drift: PSI 0.15 is above 0.1",
        "the delta is 3.000% of the edges, 1.000% or more",
    )


def test_nothing_known_at_all_asks_for_a_full_fit_and_says_why() -> None:
    found = decide_update(Situation(), RULES)
    assert found.mode == "full" and sum("not known" in reason for reason in found.reasons) == 5


@pytest.mark.parametrize(
    ("changes", "rules", "due", "why"),
    [
        ({"windows_since_shadow": 3}, {}, False, "3 windows old; one is due every 4"),
        ({"windows_since_shadow": 4}, {}, True, "4 windows old; one is due every 4"),
        ({"windows_since_shadow": None}, {}, True, "not known"),
        ({"shadow_loss": None}, {}, True, "not known"),
        ({"shadow_loss": math.nan}, {}, True, "not known"),
        ({"shadow_loss": None}, {"shadow_every": 0}, False, "switched off"),
        ({"windows_since_shadow": 9, "psi": 1}, {}, False, "is a full fit itself"),
        ({"windows_since_shadow": 9, "psi": 1}, HOURS, True, "9 windows old"),
        ({"windows_since_shadow": 9, "new_edges": 0.0}, {}, True, "9 windows old"),
    ],
)
def test_a_shadow_full_retrain_is_due_every_so_many_windows_and_where_its_result_is_not_known(
    changes: dict[str, Any], rules: dict[str, Any], due: bool, why: str
) -> None:
    found = decided(changes, rules)
    assert found.shadow_due == due and why in found.shadow_reason


NUMBERS = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 1), st.integers(-(10**400), 10**400)
)
COSTS = st.dictionaries(st.sampled_from(MODES), NUMBERS)
SITUATIONS = st.builds(
    Situation,
    **{name: NUMBERS for name in asdict(USUAL) if name not in ("retrain_for", "cpu_seconds")},
    retrain_for=st.one_of(st.none(), st.just(()), st.just(("psi",))),
    cpu_seconds=COSTS,
)
BUDGETS = st.floats(0, allow_nan=False)


def cheaper(one: Decision, other: Decision) -> bool:
    return MODES.index(one.mode) < MODES.index(other.mode)


@given(SITUATIONS, BUDGETS)
def test_there_is_a_decision_with_a_reason_whatever_is_known(situation: Situation, budget: float) -> None:
    found = decide_update(situation, replace(RULES, cpu_budget=budget))
    assert found.mode in MODES and found.reasons and all(found.reasons) and found.shadow_reason
    assert len(set(found.reasons)) == len(found.reasons)


@given(SITUATIONS, BUDGETS, BUDGETS)
def test_a_larger_budget_never_gives_a_cheaper_mode(situation: Situation, one: float, other: float) -> None:
    small, large = (decide_update(situation, replace(RULES, cpu_budget=each)) for each in sorted((one, other)))
    assert not cheaper(large, small)


@given(
    SITUATIONS,
    BUDGETS,
    st.sampled_from(["psi", "forgetting", "shadow_loss", "windows_since_full", "new_edges"]),
    st.floats(0, allow_infinity=True),
    st.floats(0, allow_infinity=True),
)
def test_more_of_what_asks_for_learning_never_gives_a_cheaper_mode(
    situation: Situation, budget: float, name: str, one: float, other: float
) -> None:
    less, more = (
        decide_update(replace(situation, **{name: each}), replace(RULES, cpu_budget=budget))
        for each in sorted((one, other))
    )
    assert not cheaper(more, less)


@given(SITUATIONS, st.sampled_from(["psi", "forgetting", "windows_since_full", "new_edges", "retrain_for"]))
def test_what_is_not_known_gives_no_cheaper_mode_than_what_is_fine(situation: Situation, name: str) -> None:
    fine = replace(situation, **{name: () if name == "retrain_for" else 0})
    assert not cheaper(decide_update(replace(situation, **{name: None}), RULES), decide_update(fine, RULES))


@given(SITUATIONS, BUDGETS)
def test_what_is_chosen_is_never_known_to_cost_more_than_the_budget(situation: Situation, budget: float) -> None:
    found = decide_update(situation, replace(RULES, cpu_budget=budget))
    cost = situation.cpu_seconds.get(found.mode)
    assert found.mode == "skip" or cost is None or math.isinf(budget) or not cost > budget


@pytest.mark.parametrize(
    "wrong",
    [{"skip_below": 0.02}, {"psi_some": 0.3}, {"max_forgetting": math.nan}, {"full_every": 0}, {"cpu_budget": -1.0}],
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(RULES, **wrong)
