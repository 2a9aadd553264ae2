"""A graph built from scratch takes over the rows of an earlier one."""

from __future__ import annotations

import pytest

from features.erasure import without_traces
from features.graph import InterestGraph
from features.kinds import FOLDED, NODES
from features.numbering import number_like
from features.proof import prove
from features.segment import PAIR
from tests.features.shop import blank, events, fold_days

ROWS = events(("ann", "tea", 0), ("bob", "ale", 1), ("cy", "jam", 2), ("ann", "ale", 2), ("bob", "tea", 2))
DAY_4 = fold_days(blank(7), ROWS, as_of_day=4)
WITHOUT_ANN = fold_days(blank(7), ROWS[ROWS["user_id"] != "ann"], as_of_day=4)


def users_of(graph: InterestGraph) -> list[str | None]:
    return graph.nodes("user")["id"].to_pylist()


def test_a_graph_whose_rows_are_those_already_is_left_alone() -> None:
    earlier = fold_days(blank(7), ROWS, as_of_day=2)
    assert number_like(DAY_4, earlier, {}) is DAY_4 and number_like(DAY_4, DAY_4, {}) is DAY_4


def test_whoever_would_move_up_stays_and_the_edges_with_them() -> None:
    graph = number_like(WITHOUT_ANN, DAY_4, {})
    assert users_of(WITHOUT_ANN) == ["bob", "cy"] and users_of(graph) == [None, "bob", "cy"]
    assert graph.nodes("item")["id"].to_pylist() == DAY_4.nodes("item")["id"].to_pylist()
    assert prove(graph, WITHOUT_ANN).holds
    pairs = graph.edge_table("user_item").select(PAIR).to_pylist()
    assert pairs == sorted(pairs, key=lambda pair: tuple(pair.values()))


def test_the_rows_are_those_of_the_erasure_carried_out_on_the_earlier_graph() -> None:
    folded = fold_days(blank(7), ROWS, as_of_day=4, known=ROWS[:0], nearby=ROWS[:0])
    erased = without_traces(number_like(WITHOUT_ANN, folded, {}), {"ann": folded.as_of})
    again = number_like(WITHOUT_ANN, erased, {"ann": folded.as_of})
    assert all(again.nodes(node) == erased.nodes(node) for node in NODES)


def test_the_last_rows_stay_although_nobody_is_in_them() -> None:
    without_cy = fold_days(blank(7), ROWS[ROWS["user_id"] != "cy"], as_of_day=4)
    graph = number_like(without_cy, DAY_4, {})
    assert users_of(graph) == ["ann", "bob", None]
    assert graph.nodes("user")["since"].to_pylist()[2] == graph.nodes("user")["since"].to_pylist()[1]


def test_nodes_of_after_the_instant_leave_no_row() -> None:
    later = fold_days(DAY_4, events(("zoe", "rye", 5), ("ann", "oat", 6), first=9), as_of_day=7)
    assert users_of(number_like(WITHOUT_ANN, later, {})) == [None, "bob", "cy"]
    assert number_like(DAY_4, later, {}) is DAY_4


def test_nodes_that_the_earlier_graph_lacks_come_after_all_of_its_own() -> None:
    earlier = fold_days(blank(7), events(("bob", "ale", 1), ("dan", "ale", 2)), as_of_day=4)
    assert users_of(number_like(DAY_4, earlier, {})) == ["bob", None, "ann", "cy"]


@pytest.mark.parametrize(("until", "row"), [(1, 3), (0, 0)])
def test_an_erased_user_who_came_back_is_nobody_known(until: int, row: int) -> None:
    """Who is erased up to an instant before they were first seen has nothing to lose."""
    instant = blank(7).as_of + until
    assert users_of(number_like(DAY_4, DAY_4, {"ann": instant})).index("ann") == row


def test_queries_and_ties_keep_their_rows_too() -> None:
    rows = events(("ann", None, 0, "search"), ("bob", None, 1, "search"), query=["hot", "cold"])
    rows = rows.assign(target_user_id=["bob", "ann"])
    whole, without = (fold_days(blank(7), table, as_of_day=3) for table in (rows, rows[1:]))
    graph = number_like(without, whole, {})
    assert graph.nodes("query")["id"].to_pylist() == [None, "cold"]
    assert prove(graph, without).holds
    assert all(set(graph.edge_table(kind.name).column_names) >= set(PAIR) for kind in FOLDED)
