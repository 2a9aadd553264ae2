"""The graph as tables that can be read without it."""

from __future__ import annotations

import pytest

from features.graph import InterestGraph
from features.readable import KINDS, ends, read_edges, read_nodes
from tests.features.shop import blank, events, fold_days, items, users


def shop() -> InterestGraph:
    return fold_days(
        blank(7, 14),
        events(("ann", "tea", 0), ("ann", "tea", 7), ("bob", "ale", 7), ("bob", "ale", 7.5, "return")),
        as_of_day=14,
        catalogue=items(("tea", "drinks > hot", 0), ("ale", "drinks > cold", 0), brand="north"),
        people=users(("ann", "25-34", 0)),
    )


def rows(graph: InterestGraph, name: str) -> dict[tuple[str, str], dict]:
    return {(row["source_id"], row["target_id"]): row for row in read_edges(graph, name).to_pylist()}


def test_edges_name_ids_and_weigh_what_they_weigh_as_of_the_instant() -> None:
    found = rows(shop(), "user_item")
    assert set(found) == {("ann", "tea"), ("bob", "ale")}
    ann = found["ann", "tea"]
    assert ann["count_purchase"] == 2 and ann["mean_gap_days"] == 7
    assert ann["weight_7d"] == pytest.approx(0.25 + 0.5) and ann["weight_14d"] == pytest.approx(0.5 + 0.5**0.5)
    assert f"{ann['last_at']:%Y-%m-%d %Z}" == "2024-01-14 UTC"


def test_what_was_returned_weighs_nothing_rather_than_less() -> None:
    assert rows(shop(), "user_item")["bob", "ale"]["weight_7d"] == 0.0


def test_a_single_event_has_no_gap() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0)), as_of_day=1)
    assert rows(graph, "user_item")["ann", "tea"]["mean_gap_days"] is None


def test_what_the_catalogue_tells_is_among_the_edges() -> None:
    graph = shop()
    assert set(rows(graph, "item_category")) == {("tea", "drinks > hot"), ("ale", "drinks > cold")}
    assert set(rows(graph, "category_category")) == {("drinks > hot", "drinks"), ("drinks > cold", "drinks")}
    assert set(rows(graph, "item_brand")) == {("tea", "north"), ("ale", "north")}
    assert set(rows(graph, "user_group")) == {("ann", "age_band=25-34")}


def test_nodes_say_what_the_catalogue_says_and_whether_they_are_in_use() -> None:
    found = {row["id"]: row for row in read_nodes(shop(), "user").to_pylist()}
    assert found["ann"]["age_band"] == "25-34" and found["ann"]["active"]
    assert found["bob"]["age_band"] is None
    assert {row["id"] for row in read_nodes(shop(), "category").to_pylist()} == {
        "drinks", "drinks > hot", "drinks > cold",
    }  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_both_ends_of_every_edge_are_among_the_nodes(name: str) -> None:
    graph = shop()
    table = read_edges(graph, name)
    for column, node in zip(("source_id", "target_id"), ends(name), strict=True):
        assert set(table[column].to_pylist()) <= set(read_nodes(graph, node)["id"].to_pylist())


@pytest.mark.parametrize("name", KINDS)
def test_a_graph_without_anything_has_tables_without_rows(name: str) -> None:
    assert len(read_edges(blank(7), name)) == 0
