"""How large a graph is, and how much of it is in use."""

from __future__ import annotations

import pytest

from features.rules import DAY_US
from features.stats import count_edges, count_nodes, graph_stats, weight_quantiles
from tests.features.shop import blank, events, fold_days, items


def test_nodes_are_counted_by_what_became_of_them() -> None:
    graph = blank(7, admit_after=2, expire_after=10 * DAY_US)
    rows = events(("ann", "tea", 0), ("ann", "tea", 1), ("bob", "tea", 19), ("bob", "tea", 19), ("zoe", "tea", 19))
    counts = count_nodes(fold_days(graph, rows, as_of_day=20), "user")
    assert counts == {"all": 3, "erased": 0, "active": 1, "expired": 1, "not_admitted": 1}


def test_derived_edges_are_counted_too() -> None:
    catalogue = items(("tea", "drinks", 0), ("ale", "drinks", 0))
    graph = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "ale", 0)), as_of_day=1, catalogue=catalogue)
    edges = count_edges(graph)
    assert (edges["user_item"], edges["user_category"], edges["item_category"], edges["item_brand"]) == (2, 1, 2, 0)


def test_quantiles_are_of_weights_as_of_the_graphs_instant() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0)), as_of_day=7)
    assert list(weight_quantiles(graph)["weight_7d"].values()) == pytest.approx([0.5] * 5)


def test_an_empty_graph_has_stats() -> None:
    told = graph_stats(blank(7))
    assert told["weights"] == {} and told["segments"] == 0 and set(told["edges"].values()) == {0}
