"""Which nodes are in use: admitted after some events, expired when idle, back with the next event."""

from __future__ import annotations

import pytest

from features.activity import activity
from features.difference import compare
from features.graph import InterestGraph
from features.hetero import to_hetero
from features.rules import DAY_US
from tests.features.shop import blank, events, fold_days, items


def in_use(graph: InterestGraph, node: str) -> set[str]:
    ids = graph.nodes(node)["id"].to_pylist()
    return {id_ for id_, active in zip(ids, activity(graph, node).active, strict=True) if active}


def test_a_node_is_admitted_by_as_many_events_as_asked_for() -> None:
    graph = fold_days(blank(admit_after=2), events(("ann", "tea", 0), ("bob", "tea", 0)), 1)
    assert (in_use(graph, "user"), in_use(graph, "item")) == (set(), {"tea"})
    graph = fold_days(graph, events(("ann", "ale", 1), first=2), 2)
    assert (in_use(graph, "user"), in_use(graph, "item")) == ({"ann"}, {"tea"})


def test_an_item_of_the_catalogue_is_in_use_before_anyone_bought_it() -> None:
    graph = fold_days(blank(admit_after=2), events(("ann", "tea", 0)), 1, items(("oat", "food", 0)))
    assert in_use(graph, "item") == {"oat"}


def test_an_idle_node_expires_keeps_its_row_and_comes_back() -> None:
    start = fold_days(blank(expire_after=10 * DAY_US), events(("ann", "tea", 0), ("bob", "ale", 0)), 5)
    idle = fold_days(start, events(("bob", "ale", 14), first=2), 15)
    assert in_use(idle, "user") == {"bob"}
    assert compare(start, idle).edges_expired == 1
    back = fold_days(idle, events(("ann", "tea", 15), first=3), 16)
    assert in_use(back, "user") == {"ann", "bob"}
    assert back.nodes("user")["id"].to_pylist() == ["ann", "bob"]
    assert back.edge_table("user_item")["count_purchase"].to_pylist() == [2, 2]


def test_edges_of_nodes_that_are_not_in_use_are_not_seen_by_models() -> None:
    graph = fold_days(blank(expire_after=10 * DAY_US), events(("ann", "tea", 0), ("bob", "ale", 14)), 15)
    hetero = to_hetero(graph)
    assert hetero["user", "interacts", "item"].edge_index.tolist() == [[1], [1]]
    assert hetero["user"].active.tolist() == [False, True]
    assert hetero["user"].num_nodes == 2


@pytest.mark.parametrize("events_needed", [1, 5])
def test_an_empty_graph_has_nobody_in_use(events_needed: int) -> None:
    assert in_use(blank(admit_after=events_needed), "user") == set()
