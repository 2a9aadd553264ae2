"""What one user cares about."""

from __future__ import annotations

import pandas as pd
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings

from features.ego import interests, labels
from features.kinds import FOLDED
from features.rules import DAY_US
from tests.features.histories import History, histories, one_by_one
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


@given(history=histories())
@settings(max_examples=10, deadline=None)
def test_edges_of_one_source_are_those_that_the_whole_table_has(history: History) -> None:
    for graph in one_by_one(history):
        for kind in FOLDED:
            table = graph.edge_table(kind.name)
            for row in range(graph.count(kind.source)):
                whole, alone = table.filter(pc.equal(table["source_row"], row)), graph.edges_of(kind.name, row)
                shared = [name for name in whole.column_names if name in alone.column_names]
                # sums over segments may be taken in another order
                ours, theirs = (each.select(shared).to_pandas() for each in (alone, whole))
                pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12, atol=1e-12, check_dtype=False)
                assert not any(pc.max(whole[name]).as_py() for name in whole.column_names if name not in shared)


def test_a_category_is_called_by_its_innermost_part_unless_another_shares_it() -> None:
    catalogue = items(("a", "men > shoes", 0), ("b", "women > shoes", 0), ("c", "drinks > tea", 0))
    graph = fold_days(blank(7), events(("ann", "a", 0), ("ann", "b", 0), ("ann", "c", 0)), 1, catalogue)
    called = labels(interests(graph, "ann", "category"))
    assert called == {"men > shoes": "men > shoes", "women > shoes": "women > shoes", "drinks > tea": "tea"}


def test_an_item_without_a_title_is_called_by_what_it_is() -> None:
    catalogue = items(("i1", "drinks > tea", 0), ("i2", None, 0), title=None)
    graph = fold_days(blank(7), events(("ann", "i1", 0), ("ann", "i2", 0)), 1, catalogue)
    assert labels(interests(graph, "ann", "item")) == {"i1": "tea i1", "i2": "i2"}
