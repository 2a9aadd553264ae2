"""Rows that move between two graphs are found."""

from __future__ import annotations

from features.erasure import without_traces
from features.numbering import moved_row
from tests.features.shop import blank, events, fold_days

ROWS = events(("ann", "tea", 0), ("bob", "ale", 1), ("cy", "jam", 2))


def test_a_graph_that_grew_has_no_moved_row() -> None:
    before = fold_days(blank(7), ROWS, as_of_day=3)
    after = fold_days(before, events(("zoe", "rye", 4), first=9), as_of_day=5)
    assert moved_row(before, after) is None and moved_row(after, before) is None


def test_whoever_moves_up_is_found() -> None:
    before, without = fold_days(blank(7), ROWS, as_of_day=3), fold_days(blank(7), ROWS[1:], as_of_day=3)
    assert moved_row(before, without) == ("user", 0)


def test_a_row_of_nobody_that_becomes_somebodys_is_found_and_an_erasure_is_none() -> None:
    before = fold_days(blank(7), events(("ann", None, 0, "search"), ("bob", "tea", 1)), as_of_day=3)
    erased = without_traces(before, {"ann": before.as_of})
    assert erased.nodes("user")["id"].to_pylist() == [None, "bob"]
    assert moved_row(before, erased) is None
    assert moved_row(erased, before) == ("user", 0)
