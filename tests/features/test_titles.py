"""Titles and their words."""

from __future__ import annotations

import pyarrow as pa
import pytest

from features.hetero import to_hetero
from features.titles import titles, words
from tests.features.shop import blank, events, fold_days, items


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FLUID MILK WHITE-ONLY 1/2 GAL", ["fluid", "milk", "white", "only", "1", "2", "gal"]),
        ("  (Candy)(bars)  ", ["candy", "bars"]),
        ("运动鞋 Nike", ["运", "动", "鞋", "nike"]),
        ("Żółć", ["żółć"]),
        ("", []),
        (" … ", []),
    ],
)
def test_a_title_is_split_into_its_words(text: str, found: list[str]) -> None:
    assert words(pa.array(["before", text, "after"])).to_pylist() == [["before"], found, ["after"]]


def test_items_of_one_title_share_its_row_and_a_word_is_told_once() -> None:
    catalogue = items(("a", None, 0), ("b", None, 0), ("c", None, 0), ("d", None, 0))
    catalogue["title"] = ["red shoe, red", "red shoe, red", "blue shoe", None]
    graph = fold_days(blank(), events(("ann", "zzz", 1)), 2, catalogue)
    data = to_hetero(graph)
    item, title = data["item", "called", "title"].edge_index
    names = graph.items["item_id"].to_list()
    of = {names[row]: at for row, at in zip(item.tolist(), title.tolist(), strict=True)}
    assert set(of) == {"a", "b", "c"}
    assert of["a"] == of["b"] != of["c"]
    said = data["title", "says", "word"].edge_index.T.tolist()
    assert len(said) == 4
    assert len({word for at, word in said if at == of["a"]} & {word for at, word in said if at == of["c"]}) == 1
    assert (data["title"].num_nodes, data["word"].num_nodes) == (2, 3)


def test_the_newest_title_counts_and_none_of_the_future() -> None:
    catalogue = items(("a", None, 0), ("a", None, 5))
    catalogue["title"] = ["old", "new"]
    graph = fold_days(blank(), events(("ann", "a", 1)), 2, catalogue)
    assert titles(graph).words.shape == (2, 1)
    assert graph.items["title"].to_list() == ["old"]
    later = fold_days(graph, events(("ann", "a", 6), first=9), 7, catalogue)
    assert later.items["title"].to_list() == ["new"]
    assert (titles(later).title_count, titles(later).word_count) == (1, 1)


def test_a_shop_without_titles_has_none() -> None:
    catalogue = items(("a", "drinks", 0), title=None)
    data = to_hetero(fold_days(blank(), events(("ann", "a", 1)), 2, catalogue))
    assert (data["title"].num_nodes, data["word"].num_nodes) == (0, 0)
    assert data["item", "called", "title"].edge_index.shape == (2, 0)
    assert data["title", "says", "word"].edge_index.shape == (2, 0)
