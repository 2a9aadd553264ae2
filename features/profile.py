"""The readable profile: what users, and queries, care about in terms of categories and brands."""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa

from features.adding import add_up
from features.backend import local_backend, run
from features.catalogue import codes, item_brands, item_categories
from features.graph import InterestGraph
from features.kinds import QUERY_ITEM, USER_ITEM
from features.merge import is_count
from features.rules import weight_columns
from features.segment import PAIR

PROFILES = {
    "user_category": (USER_ITEM.name, item_categories),
    "user_brand": (USER_ITEM.name, item_brands),
    "query_category": (QUERY_ITEM.name, item_categories),
}
"""Derived kinds of edges: the edges to items they stand for, and what an item belongs to."""


def profile(graph: InterestGraph, name: str, source: int | None = None) -> pa.Table:
    """Edges of one of PROFILES (with `source`, those of that row), as `graph` gives those of a folded kind.

    An edge to a category or brand adds up the edges to its items, by what the catalogue says of them as of the graph's
    instant, with the half-lives of the edges to items.
    """
    base, grouping = PROFILES[name]
    edges = graph.edge_table(base) if source is None else graph.edges_of(base, source)
    group = codes(grouping(graph), graph.count("item"))[edges["target_row"].to_numpy()]
    known = pa.array(group >= 0)
    place = edges.schema.get_field_index("target_row")
    grouped = edges.set_column(place, "target_row", pa.array(group.astype(np.int32))).filter(known)
    counts = [column for column in edges.column_names if is_count(column)]
    weights = weight_columns(graph.rules.half_lives[base])
    with local_backend() as backend:
        return run(add_up(ibis.memtable(grouped), counts, weights).order_by(list(PAIR)), backend)


def edges_of(graph: InterestGraph, name: str, source: int | None = None) -> pa.Table:
    """The edges of a kind that events tell of, folded or derived; with `source`, those of that row."""
    if name in PROFILES:
        return profile(graph, name, source)
    return graph.edge_table(name) if source is None else graph.edges_of(name, source)


def weights_of(graph: InterestGraph, name: str, edges: pa.Table) -> np.ndarray:
    """[edges, half-lives] float64: weights, as of the graph's instant, of edges that `edges_of` gave."""
    return graph.weigh(edges, base_of(name))


def base_of(name: str) -> str:
    """The folded kind of edge whose half-lives and event types `name` has."""
    return PROFILES[name][0] if name in PROFILES else name
