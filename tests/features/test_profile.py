"""The readable profile: categories and brands a user cares about, and the tree they lie in."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalogue import category_parents, item_brands, item_categories, user_groups
from features.graph import InterestGraph
from features.profile import PROFILES, profile
from tests.features.shop import blank, events, fold_days, items, users


def shop() -> InterestGraph:
    catalogue = items(("tea", "drinks > hot", 0), ("ale", "drinks", 0), ("jam", None, 0))
    catalogue = catalogue.assign(brand=["Leaf", "Hop", None]).astype({"brand": "str"})
    bought = events(("ann", "tea", 0), ("ann", "tea", 1), ("ann", "ale", 2), ("bob", "jam", 3))
    return fold_days(blank(7), bought, 7, catalogue, users(("ann", "25-34", 0)))


def names(graph: InterestGraph, pairs: np.ndarray, source: str, target: str) -> set[tuple[str, str]]:
    one, other = (graph.nodes(node)["id"].to_pylist() for node in (source, target))
    return {(one[a], other[b]) for a, b in pairs.T}


def test_interest_in_a_category_is_the_sum_over_its_items() -> None:
    graph = shop()
    edges = profile(graph, "user_category")
    categories = graph.nodes("category")["id"].to_pylist()
    counts = dict(zip(edges["target_row"].to_pylist(), edges["count_purchase"].to_pylist(), strict=True))
    assert {categories[row]: count for row, count in counts.items()} == {"drinks": 1, "drinks > hot": 2}
    weights = edges["weight_7d"].to_numpy() * graph.decay()[0]
    assert weights.sum() == pytest.approx(graph.weights()[:2].sum())


def test_a_category_lies_in_the_one_its_path_says() -> None:
    graph = shop()
    assert names(graph, category_parents(graph), "category", "category") == {("drinks > hot", "drinks")}
    assert names(graph, item_categories(graph), "item", "category") == {("tea", "drinks > hot"), ("ale", "drinks")}


def test_a_path_that_names_a_category_twice_is_no_cycle() -> None:
    graph = fold_days(blank(), events(("ann", "tea", 0)), 1, items(("tea", "a > b > a", 0)))
    parents = names(graph, category_parents(graph), "category", "category")
    assert parents == {("a > b > a", "a > b"), ("a > b", "a")}


def test_users_belong_to_the_groups_that_the_catalogue_says() -> None:
    graph = shop()
    assert names(graph, user_groups(graph), "user", "group") == {("ann", "age_band=25-34")}


@pytest.mark.parametrize("order", [("Leaf", "Hop"), ("Hop", "Leaf")])
def test_an_item_said_to_be_of_two_brands_at_once_is_of_the_one_that_sorts_last(order: tuple[str, str]) -> None:
    catalogue = items(("tea", "drinks", 0), ("tea", "drinks", 0)).assign(brand=list(order)).astype({"brand": "str"})
    graph = fold_days(blank(), events(("ann", "tea", 0)), 1, catalogue)
    assert names(graph, item_brands(graph), "item", "brand") == {("tea", "Leaf")}


@pytest.mark.parametrize("name", PROFILES)
def test_a_graph_without_anything_has_an_empty_profile(name: str) -> None:
    assert len(profile(blank(), name)) == 0
