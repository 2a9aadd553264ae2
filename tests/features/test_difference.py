"""What a window changed."""

from __future__ import annotations

import pytest

from features.difference import compare, group_changes, interest_changes
from features.ego import interests
from features.rules import DAY_US
from tests.features.shop import blank, events, fold_days, items


def test_edges_are_born_strengthened_or_faded() -> None:
    before = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "ale", 0)), as_of_day=7)
    after = fold_days(before, events(("ann", "tea", 8), ("bob", "jam", 9)), as_of_day=14)
    delta = compare(before, after)
    assert (delta.edges_born, delta.edges_strengthened, delta.edges_faded, delta.edges_expired) == (1, 1, 1, 0)
    assert (delta.users_born, delta.items_born) == (1, 1)


def test_a_graph_differs_from_itself_in_nothing() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0)), as_of_day=7)
    assert set(compare(graph, graph).to_dict().values()) == {0}


CATALOGUE = items(("tea", "drinks", 0), ("soap", "care", 0), ("nappy", "baby", 0), ("jam", "food", 0))


def test_a_users_interests_are_born_strengthened_faded_or_expired() -> None:
    graph = blank(7, expire_after=10 * DAY_US)
    first = events(("ann", "nappy", 0), ("ann", "tea", 5), ("ann", "soap", 6))
    before = fold_days(graph, first, as_of_day=7, catalogue=CATALOGUE)
    after = fold_days(before, events(("ann", "tea", 8), ("ann", "jam", 9), first=9), as_of_day=14)
    told = interest_changes(*(interests(each, "ann", "category") for each in (before, after)))
    changes = {each.name: each for each in told}
    assert {name: each.happened for name, each in changes.items()} == {
        "drinks": "strengthened",
        "care": "faded",
        "baby": "expired",
        "food": "born",
    }
    assert changes["drinks"].events == {"purchase": 1} and changes["care"].events == {}
    assert changes["baby"].after == 0.0


def test_a_category_gains_what_all_its_users_gain() -> None:
    before = fold_days(blank(7), events(("ann", "tea", 0), ("bob", "soap", 0)), as_of_day=7, catalogue=CATALOGUE)
    after = fold_days(before, events(("ann", "tea", 14), ("bob", "tea", 14), first=9), as_of_day=14.0001)
    gains = group_changes(before, after)
    assert gains["drinks"] == pytest.approx(2 + 0.25 - 0.5, abs=1e-3)
    assert gains["care"] == pytest.approx(0.25 - 0.5, abs=1e-3)
