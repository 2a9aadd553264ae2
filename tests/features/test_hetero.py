"""The graph as tensors, and the pairs that came next."""

from __future__ import annotations

import pytest
import torch

from features.hetero import next_pairs, to_hetero
from tests.features.shop import blank, events, fold_days, items


def test_edges_carry_decayed_weights_counts_and_ages_in_days() -> None:
    graph = fold_days(blank(7, 14), events(("ann", "tea", 0), ("ann", "tea", 7)), as_of_day=14)
    edge = to_hetero(graph)["user", "interacts", "item"]
    assert edge.edge_index.tolist() == [[0], [0]]
    assert edge.weight.tolist() == [pytest.approx([0.25 + 0.5, 0.5 + 2**-0.5])]
    assert (edge.count.item(), edge.first_age.item(), edge.last_age.item()) == (2, 14.0, 7.0)


def test_items_without_category_have_no_category_edge() -> None:
    catalogue = items(("ale", "drinks", 0), ("tea", "drinks", 0))
    graph = fold_days(blank(), events(("ann", "zzz", 1)), 2, catalogue)
    data = to_hetero(graph)
    assert data["item", "in", "category"].edge_index.tolist() == [[0, 1], [0, 0]]
    assert data["category"].num_nodes == 1
    assert data["item"].num_nodes == 3


def test_next_pairs_are_distinct_sorted_purchases_of_known_nodes() -> None:
    graph = fold_days(blank(), events(("ann", "tea", 0), ("bob", "ale", 0)), as_of_day=1)
    later = events(("bob", "tea", 1), ("bob", "tea", 2), ("ann", "ale", 1), ("ann", "ale", 1, "view"), ("cy", "tea", 1))
    pairs = next_pairs(later, graph)
    names = [(graph.users["user_id"][u], graph.items["item_id"][i]) for u, i in pairs.T.tolist()]
    assert sorted(names) == [("ann", "ale"), ("bob", "tea")]
    assert torch.equal(pairs, pairs[:, torch.argsort(pairs[0] * 10 + pairs[1])])
