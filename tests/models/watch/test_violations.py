"""N of M violations of one signal ask for a retrain, and days that were not measured count neither way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.watch.violations import Flags, ViolationRule, asks_for_retrain

RULE = ViolationRule(violations=3, days=5)
FLAGS = st.lists(st.dictionaries(st.sampled_from(["psi", "cold"]), st.sampled_from([True, False, None])), max_size=12)
WORDS = {"x": True, ".": False, "?": None}


def days(psi: str, cold: str = "") -> list[Flags]:
    """A letter a day: x violated, . not, ? not measured."""
    pairs = zip(psi, cold.ljust(len(psi), "."), strict=True)
    return [{"psi": WORDS[first], "cold": WORDS[second]} for first, second in pairs]


@pytest.mark.parametrize(
    ("psi", "asked"),
    [
        ("", False),
        ("x", False),
        ("xx", False),
        ("xxx", True),
        ("x.x.x", True),
        ("xxx..", True),
        ("xxx...", False),
        ("x.x..x", False),
        ("xx??x", True),
        ("xxx??????", True),
        ("x.x.?x", True),
        ("?????", False),
        (".....", False),
    ],
)
def test_enough_violations_among_the_last_measured_days_ask(psi: str, asked: bool) -> None:
    assert asks_for_retrain(days(psi), RULE).asked == asked


def test_the_request_names_who_asks_and_why() -> None:
    found = asks_for_retrain(days("xx.x", "x..x"), RULE)
    assert found.signals == ("psi",)
    assert found.reasons == ("psi was violated on 3 of its last 4 measured days",)
    assert asks_for_retrain(days("xxx", "xxx"), RULE).signals == ("cold", "psi")


def test_different_signals_do_not_add_up() -> None:
    assert not asks_for_retrain(days("xx...", "..xx."), RULE).asked


@given(FLAGS)
def test_days_that_were_not_measured_change_nothing(found: list[Flags]) -> None:
    gaps = [each for day in found for each in ({}, day, {"psi": None, "cold": None})]
    assert asks_for_retrain(gaps, RULE) == asks_for_retrain(found, RULE)


@given(FLAGS, st.data())
def test_one_more_violation_never_takes_a_request_back(found: list[Flags], data: st.DataObject) -> None:
    if not found:
        return
    at = data.draw(st.integers(0, len(found) - 1))
    worse = list(found)
    if found[at].get("psi") is not None:
        worse[at] = {**found[at], "psi": True}
    assert set(asks_for_retrain(found, RULE).signals) <= set(asks_for_retrain(worse, RULE).signals)


@pytest.mark.parametrize(("violations", "of"), [(0, 3), (4, 3), (-1, 3)])
def test_rules_that_cannot_be_are_refused(violations: int, of: int) -> None:
    with pytest.raises(ValueError, match="between 1 and days"):
        ViolationRule(violations=violations, days=of)
