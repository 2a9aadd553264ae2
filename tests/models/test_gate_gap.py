"""The gap between slices is judged by what so many users can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.gates.decide import decide
from models.gates.gap import judge_gap
from models.gates.rules import Rule
from models.metrics import UserMetrics
from models.resampling import resample, resample_groups
from models.verdict import RuleResult
from tests.models.gate_toy import RULES, evidence, model, result, with_slices

GAP = Rule(metric="ndcg_at_20", comparison="gap", bound=0.3, slices=("part/*",))


def of_users(values: np.ndarray, first: int) -> UserMetrics:
    """Users `first`, `first` + 1, … with these NDCGs."""
    tensor = torch.tensor(values)
    like = with_slices({}, {"x": 0.4})["x"]
    return UserMetrics(
        torch.arange(first, first + len(values)), dict.fromkeys(like.values, tensor), like.overall, like.k
    )


def judged(parts: Sequence[np.ndarray], rule: Rule = GAP) -> RuleResult:
    """The rule put to slices that share no user."""
    starts = np.cumsum([0, *map(len, parts)])
    slices = {f"part/{place}": of_users(values, int(starts[place])) for place, values in enumerate(parts)}
    return judge_gap(rule, list(slices), evidence(model(0.4) | slices), RULES)


@pytest.mark.parametrize(("bound", "outcome"), [(0.3, "PASS"), (0.2, "FAIL")])
def test_the_gap_between_slices_is_a_share_of_the_best(bound: float, outcome: str) -> None:
    candidate = with_slices(model(0.4), {"part/a": 0.4, "part/b": 0.3, "part/c": 0.36})
    asked = replace(GAP, bound=bound)
    found = result(decide(evidence(candidate), replace(RULES, rules=(asked,))), "gap")
    assert (found.outcome, found.value) == (outcome, pytest.approx(0.25))


@pytest.mark.parametrize(("needs", "outcome"), [("proof", "INCONCLUSIVE"), ("no_harm", "PASS")])
def test_a_gap_that_chance_may_have_made_is_not_held_against_the_candidate(needs: str, outcome: str) -> None:
    few = np.tile([0.0, 1.0, 0.4, 0.1], 15)
    found = judged([few, few * 0.6], replace(GAP, needs=needs))  # type: ignore[arg-type]
    assert found.outcome == outcome and found.value == pytest.approx(0.4)
    many = np.tile(few, 40)
    assert judged([many, many * 0.6], replace(GAP, needs=needs)).outcome == "FAIL"  # type: ignore[arg-type]


def test_slices_that_are_served_alike_are_seldom_told_apart_by_mistake() -> None:
    draws = np.random.default_rng(3)
    found = [judged(list(draws.uniform(0, 1, (5, 60))), replace(GAP, bound=0.0)).outcome for _ in range(200)]
    assert found.count("FAIL") <= 10  # 5 %, and the level is stricter


def test_slices_in_which_nobody_is_served_well_have_no_gap() -> None:
    found = judged([np.zeros(60), np.zeros(60)])
    assert (found.outcome, found.value, found.lower, found.upper) == ("PASS", 0.0, 0.0, 0.0)


def test_groups_of_all_users_are_resampled_as_one_mean_is() -> None:
    values = np.random.default_rng(1).uniform(0, 1, (300, 1))
    means = resample_groups(values, np.ones_like(values), resamples=400, seed=7)[:, 0]
    assert np.allclose(np.sort(means), resample(values[:, 0], resamples=400, seed=7).means)


def test_a_group_that_a_resample_missed_has_no_mean_there() -> None:
    belongs = np.zeros((50, 2))
    belongs[:, 0], belongs[0, 1] = 1.0, 1.0
    means = resample_groups(belongs * 0.5, belongs, resamples=200, seed=7)
    assert np.isnan(means[:, 1]).any() and np.nanmax(means[:, 1]) == 0.5
    assert np.allclose(means[:, 0], 0.5)
