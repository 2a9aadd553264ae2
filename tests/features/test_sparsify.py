"""Sparsifying: what is kept holds what was asked for, and nothing that is not needed for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.hetero import to_hetero
from features.sparsify import SLACK, sparsify, strongest, weight_of
from tests.features.shop import blank, events, fold_days

SHARES = st.floats(0.01, 0.999)


@st.composite
def bipartite(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct pairs of a few users and items, and weights from faint to heavy, some equal and some 0."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), min_size=1, max_size=40, unique=True))
    weight = st.sampled_from([0.0, 1e-12, 0.1, 0.5, 1.0, 1.0, 3.0, 1e6])
    weights = draw(st.lists(weight, min_size=len(pairs), max_size=len(pairs)))
    source, target = np.array(sorted(pairs)).T
    return source, target, np.array(weights)


@given(edges=bipartite(), share=SHARES)
def test_each_node_keeps_the_share_of_its_weight(edges: Any, share: float) -> None:
    source, target, weight = edges
    kept = sparsify(source, target, weight, share)
    for rows in (source, target):
        whole, held = weight_of(rows, weight), np.bincount(rows[kept], weight[kept], minlength=rows.max() + 1)
        assert (held >= share * whole * (1 - 2 * SLACK)).all()


@given(edges=bipartite(), shares=st.tuples(SHARES, SHARES))
def test_a_larger_share_keeps_all_that_a_smaller_one_does(edges: Any, shares: tuple[float, float]) -> None:
    few, many = (sparsify(*edges, share) for share in sorted(shares))
    assert not (few & ~many).any()
    assert sparsify(*edges, 1.0).all()


@given(edges=bipartite(), share=SHARES)
def test_what_is_kept_is_kept_again(edges: Any, share: float) -> None:
    """By the weight that nodes had: of what is left, the same share would be less."""
    source, target, weight = edges
    kept = sparsify(source, target, weight, share)
    again = np.zeros(kept.sum(), dtype=bool)
    for rows, others in ((source, target), (target, source)):
        again |= strongest(rows[kept], others[kept], weight[kept], share * weight_of(rows, weight))
    assert again.all()


@given(edges=bipartite(), share=SHARES)
def test_neither_end_could_do_without_a_kept_edge(edges: Any, share: float) -> None:
    source, target, weight = edges
    for rows, others in ((source, target), (target, source)):
        kept = strongest(rows, others, weight, share * weight_of(rows, weight))
        for row in np.unique(rows[kept]):
            mine = np.sort(weight[kept & (rows == row)])
            assert mine[1:].sum() < share * weight[rows == row].sum()


def test_an_edge_stays_when_only_its_item_needs_it() -> None:
    source, target, weight = np.array([0, 0]), np.array([0, 1]), np.array([9.0, 1.0])
    assert strongest(source, target, weight, np.array([5.0])).tolist() == [True, False]
    assert sparsify(source, target, weight, 0.5).tolist() == [True, True]


def test_an_edge_goes_that_neither_end_needs() -> None:
    source, target = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert sparsify(source, target, np.array([9.0, 1.0, 9.0]), 0.5).tolist() == [True, False, True]


def test_of_equally_strong_edges_the_lower_row_stays() -> None:
    rows, others = np.zeros(4, dtype=int), np.array([3, 1, 0, 2])
    assert strongest(rows, others, np.ones(4), np.array([2.0])).tolist() == [False, True, True, False]


def test_a_light_node_beside_a_heavy_one_loses_no_precision() -> None:
    rows, others = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 2])
    weight = np.array([1e12, 3e-9, 2e-9, 1e-9])
    assert strongest(rows, others, weight, 0.8 * weight_of(rows, weight)).tolist() == [True, True, True, False]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="keep_mass"):
        sparsify(np.array([0]), np.array([0]), np.array([1.0]), share)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_cannot_be_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="finite and 0 or more"):
        sparsify(np.array([0]), np.array([0]), np.array([weight]), 0.5)


def test_models_see_the_strongest_edges_and_the_graph_keeps_all() -> None:
    bought = [("ann", "tea", day) for day in range(8)] + [("ann", "ale", 8), ("bob", "ale", 8), ("bob", "ale", 9)]
    graph = fold_days(blank(1000), events(*bought), as_of_day=10)
    thin = replace(graph, rules=replace(graph.rules, keep_mass=0.6))
    seen = to_hetero(thin)["user", "interacts", "item"]
    assert seen.edge_index.tolist() == [[0, 1], [0, 1]]
    assert seen.weight.shape == (2, 1)
    assert seen.count.tolist() == [8, 2]
    assert seen.left_out.T.tolist() == [[0, 1]]
    assert thin.edge_table("user_item").equals(graph.edge_table("user_item"))
    assert to_hetero(graph)["user", "interacts", "item"].edge_index.shape[1] == 3
