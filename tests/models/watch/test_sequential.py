"""A champion's loss is proven by its days, looked at daily, and not before it is one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.watch.sequential import JudgedDay, WatchRules, watch
from tests.models.watch.judged import RULES, days_of


@pytest.mark.parametrize(
    ("mean", "finding"), [(-0.2, "REGRESSED"), (-0.05, "REGRESSED"), (0.0, "WATCHING"), (0.2, "WATCHING")]
)
def test_only_a_loss_beyond_the_margin_is_found(mean: float, finding: str) -> None:
    assert watch(days_of(mean), RULES).finding == finding


def test_a_found_regression_tells_its_numbers() -> None:
    found = watch(days_of(-0.2), RULES)
    assert found.estimate is not None and found.bound is not None and found.p_value is not None
    assert found.estimate < found.bound < -RULES.margin and found.p_value < RULES.alpha
    assert (found.days, found.last_day) == (3, "2017-10-03")
    assert found.reason.startswith("champion − reference is proven to be below -0.0100: mean -0.1995")
    assert f"{found.users} users on 3 days" in found.reason
    json.dumps(asdict(found), allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.08, 0.02), st.floats(0, 0.1), st.integers(0, 14))
def test_later_days_change_nothing_once_it_is_found_and_a_rerun_finds_the_same(
    seed: int, mean: float, effect: float, more: int
) -> None:
    days = days_of(mean, days=14, effect=effect, seed=seed)
    early, late = watch(days[:more], RULES), watch(days, RULES)
    if early.finding == "REGRESSED":
        assert late == early
    assert watch(list(days), RULES) == late


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.08, 0.02), st.floats(0, 0.1))
def test_a_regression_is_found_when_the_bound_falls_below_the_margin(seed: int, mean: float, effect: float) -> None:
    found = watch(days_of(mean, days=5, effect=effect, seed=seed), RULES)
    assert found.bound is not None and found.p_value is not None
    if found.finding == "REGRESSED":
        assert found.bound <= -RULES.margin and found.p_value <= RULES.alpha
    else:
        assert found.bound > -RULES.margin and found.p_value > RULES.alpha


def test_who_users_are_and_how_they_are_ordered_changes_nothing() -> None:
    days = days_of(-0.02, effect=0.05)
    renamed = [
        JudgedDay(day.day, np.array([f"user-{user * 7919 % 61}" for user in day.users[::-1]]), day.differences[::-1])
        for day in days
    ]
    ours, theirs = watch(days, RULES), watch(renamed, RULES)
    assert (ours.finding, ours.users, ours.days) == (theirs.finding, theirs.users, theirs.days)
    assert ours.bound == pytest.approx(theirs.bound)


def test_nothing_is_said_before_enough_users_and_days() -> None:
    days = days_of(-0.5)
    for few, rules in ((days[:2], RULES), (days, replace(RULES, min_users=61))):
        found = watch(few, rules)
        assert (found.finding, found.estimate, found.bound, found.p_value) == ("TOO_FEW", None, None, None)
        assert "nothing is said before" in found.reason
    assert watch(days, replace(RULES, min_users=60)).finding == "REGRESSED"


def test_days_without_users_are_passed_over() -> None:
    days, nobody = days_of(-0.2), np.array([])
    gaps = [JudgedDay(f"{day.day}-later", nobody, nobody) for day in days]
    both = [each for pair in zip(days, gaps, strict=True) for each in pair]
    assert watch(both, RULES) == watch(days, RULES)
    for none in ([], gaps):
        assert (watch(none, RULES).finding, watch(none, RULES).last_day) == ("TOO_FEW", None)


def test_lasting_effects_of_users_are_not_taken_for_news_each_day() -> None:
    """The same 30 users every day, each with an effect of their own: they show no more on day 20 than on day 3."""
    effects = np.random.default_rng(5).normal(-0.03, 0.1, 30)
    noise = np.random.default_rng(6).normal(0, 0.01, (20, 30))
    days = [JudgedDay(f"2017-10-{day + 1:02}", np.arange(30), effects + noise[day]) for day in range(20)]
    early, late = watch(days[:3], RULES), watch(days, RULES)
    assert early.bound is not None and late.bound is not None and late.finding == "WATCHING"
    assert late.bound == pytest.approx(early.bound, abs=0.01)


def test_false_alarms_at_the_margin_are_rarer_than_alpha_though_looked_at_daily() -> None:
    alarms = sum(
        watch(days_of(-RULES.margin, days=14, effect=0.05, seed=seed), RULES).finding == "REGRESSED"
        for seed in range(300)
    )
    assert alarms / 300 <= RULES.alpha


@pytest.mark.parametrize(
    ("users", "differences", "said"),
    [
        ([1, 2], [0.1, np.nan], "1 of 2 differences are not finite"),
        ([1, 2], [np.inf, 0.1], "1 of 2 differences are not finite"),
        ([1, 2], [0.1, -1.5], "outside -1 to 1"),
        ([1, 1], [0.1, 0.2], "1 of 2 users come more than once"),
        ([1, 2], [0.1], "are not"),
    ],
)
def test_days_that_cannot_be_are_refused_by_name(users: list[int], differences: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=f"2017-10-01.*{said}"):
        JudgedDay("2017-10-01", np.array(users), np.array(differences))


def test_days_that_do_not_rise_are_refused() -> None:
    days = days_of(0.0, days=3)
    for wrong in (days[::-1], [days[0], days[0]]):
        with pytest.raises(ValueError, match="days have to rise"):
            watch(wrong, RULES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"margin": -0.1},
        {"margin": float("nan")},
        {"alpha": 0.0},
        {"alpha": float("nan")},
        {"typical_loss": 0.0},
        {"min_users": 1},
        {"min_days": 1},
    ],
)
def test_rules_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WatchRules(**(asdict(RULES) | wrong))
