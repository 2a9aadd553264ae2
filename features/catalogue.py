"""What the catalogue ties together: items, categories, brands, users and demographic groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.categories import lineage
from features.graph import InterestGraph
from features.segment import ATTRIBUTES


def item_categories(graph: InterestGraph) -> np.ndarray:
    """[2, n] int32 item rows and the rows of their own, innermost categories; at most one for each item."""
    return _said(graph, "item", "category", "category")


def item_brands(graph: InterestGraph) -> np.ndarray:
    """[2, n] int32 item rows and brand rows; at most one for each item: the newest catalogue row counts."""
    return _said(graph, "item", "brand", "brand")


def user_groups(graph: InterestGraph) -> np.ndarray:
    """[2, n] int32 user rows and the rows of their demographic groups."""
    found = [_said(graph, "user", name, "group", prefix=f"{name}=") for name in ATTRIBUTES["user"]]
    return np.concatenate(found, axis=1)


def category_parents(graph: InterestGraph) -> np.ndarray:
    """[2, n] int32 category rows and those of the categories they lie in; roots are not among them."""
    rows = dict(zip(graph.nodes("category")["id"].to_pylist(), range(graph.count("category")), strict=True))
    pairs = [(row, rows[lineage(path)[-2]]) for path, row in rows.items() if len(lineage(path)) > 1]
    return np.array(pairs, dtype=np.int32).reshape(-1, 2).T


def _said(graph: InterestGraph, node: str, attribute: str, named: str, *, prefix: str = "") -> np.ndarray:
    said = graph.attributes(node)
    ids = said[attribute].drop_null() if not prefix else pc.binary_join_element_wise(prefix, said[attribute], "")
    ids = ids.drop_null() if prefix else ids
    rows = said["row"].filter(pc.is_valid(said[attribute])).to_numpy()
    places = pc.index_in(ids, graph.nodes(named)["id"].combine_chunks())
    return np.stack([rows, places.to_numpy().astype(np.int32)])


def codes(pairs: np.ndarray, size: int) -> np.ndarray:
    """[size] int64: the target of each source row of `pairs`, -1 where it has none."""
    found = np.full(size, -1, dtype=np.int64)
    found[pairs[0]] = pairs[1]
    return found


def rows_of(graph: InterestGraph, node: str, wanted: Iterable[str]) -> np.ndarray:
    """[n] int64: the row of each id in `wanted`, -1 for one that no node has; what was erased has no id."""
    asked = pa.array(wanted, pa.string(), from_pandas=True)
    found = pc.index_in(asked, ids(graph, node), skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def ids(graph: InterestGraph, node: str) -> pa.Array:
    """Ids by row; null where a node was erased."""
    column = graph.nodes(node)["id"]
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


TIED: dict[str, Callable[[InterestGraph], np.ndarray]] = {
    "item_category": item_categories,
    "item_brand": item_brands,
    "category_category": category_parents,
    "user_group": user_groups,
}
"""Kinds of edges that the catalogue tells, without weights: `category_category` leads to what a category lies in."""
