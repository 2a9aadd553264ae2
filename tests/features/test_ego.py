"""What one user cares about."""

from __future__ import annotations

import pytest

from features.ego import interests
from features.rules import DAY_US
from tests.features.shop import blank, events, fold_days, items

CATALOGUE = items(("tea", "drinks", 0), ("ale", "drinks", 0), ("soap", "care", 0))
ROWS = events(("ann", "tea", 0), ("ann", "ale", 7), ("ann", "soap", 7), ("bob", "soap", 7))


def test_a_category_adds_up_its_items_with_their_times_and_counts() -> None:
    graph = fold_days(blank(7, 14), ROWS, as_of_day=14, catalogue=CATALOGUE)
    drinks, care = interests(graph, "ann", "category")
    assert (drinks.name, care.name) == ("drinks", "care")
    assert drinks.short == pytest.approx(0.25 + 0.5) and drinks.long == pytest.approx(0.5 + 0.5**0.5)
    assert drinks.counts == {"purchase": 2} and drinks.mean_gap_days == 7
    assert care.mean_gap_days is None


def test_what_was_returned_is_no_interest() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 1), ("ann", "tea", 1, "return")), as_of_day=2)
    assert interests(graph, "ann", "item") == []


def test_an_interest_idle_for_too_long_has_expired() -> None:
    graph = fold_days(blank(7, expire_after=10 * DAY_US), events(("ann", "tea", 0), ("ann", "ale", 9)), as_of_day=12)
    assert [each.name for each in interests(graph, "ann", "item")] == ["ale"]


def test_a_stranger_has_no_interests() -> None:
    assert interests(fold_days(blank(7), ROWS, as_of_day=8), "zoe", "item") == []
