"""Numbering a graph that was built from scratch like an earlier one: models know users and items by their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import ids
from features.graph import InterestGraph, compact
from features.kinds import BY_NAME, NODES
from features.merge import pair_keys
from features.segment import PAIR
from features.tombstones import bury


@dataclass(frozen=True)
class _Places:
    """Where the nodes of one type go: `rows` [nodes] int64, -1 for tombstones, among `size` rows."""

    rows: np.ndarray
    size: int

    @property
    def as_they_are(self) -> bool:
        return self.size == len(self.rows) and bool((self.rows == np.arange(self.size)).all())


def number_like(graph: InterestGraph, like: InterestGraph, erased: Mapping[str, int]) -> InterestGraph:
    """`graph`, its nodes in the rows that `like` has for them; nodes that `like` lacks come after all of those.

    Every row that `like` gave to a node of before `graph.as_of` is there, as a tombstone where `graph` has no such
    node: later nodes of `like` leave no trace. A user of `like` from before their instant in `erased` (id to µs) is
    nobody, so that one who came back is not taken for who they were.
    """
    places = {node: _places(graph, like, node, erased if node == "user" else {}) for node in NODES}
    if all(each.as_they_are for each in places.values()):
        return graph
    segment = compact(graph).segments[0]
    moved = replace(
        segment,
        nodes={node: _nodes(table, places[node]) for node, table in segment.nodes.items()},
        attributes={node: _attributes(table, places[node]) for node, table in segment.attributes.items()},
        edges={name: _edges(table, name, places) for name, table in segment.edges.items()},
    )
    return replace(graph, segments=(moved,), _seen={})


def _places(graph: InterestGraph, like: InterestGraph, node: str, erased: Mapping[str, int]) -> _Places:
    mine, since = ids(graph, node), like.nodes(node)["since"].to_numpy()
    found = pc.index_in(mine, _still_known(like, node, erased), skip_nulls=True)
    rows = np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    new = (rows < 0) & mine.is_valid().to_numpy(zero_copy_only=False)
    rows[new] = like.count(node) + np.arange(new.sum())
    there = np.flatnonzero(since < graph.as_of)
    return _Places(rows, 1 + int(max(rows.max(initial=-1), there.max(initial=-1))))


def _still_known(like: InterestGraph, node: str, erased: Mapping[str, int]) -> pa.Array:
    """Ids of `like` by row; null for what was erased since."""
    known = ids(like, node)
    if not erased:
        return known
    until = pc.index_in(known, pa.array(list(erased), pa.string()), skip_nulls=True)
    until = pc.take(pa.array(list(erased.values()), pa.int64()), until)
    gone = pc.fill_null(pc.less(like.nodes(node)["since"].combine_chunks(), until), False)
    return pc.if_else(gone, pa.scalar(None, pa.string()), known)


def _nodes(nodes: pa.Table, places: _Places) -> pa.Table:
    origin = np.full(places.size, -1)
    placed = np.flatnonzero(places.rows >= 0)
    origin[places.rows[placed]] = placed
    alive = origin >= 0
    spread = nodes.take(pa.array(origin, mask=~alive))
    spread = spread.set_column(0, "row", pa.array(np.arange(places.size), pa.int32()))
    return bury(spread.set_column(2, "since", pc.fill_null(spread["since"], 0)), alive)


def _attributes(said: pa.Table, places: _Places) -> pa.Table:
    return _replaced(said, {"row": places}).sort_by("row").combine_chunks()


def _edges(edges: pa.Table, name: str, places: Mapping[str, _Places]) -> pa.Table:
    kind = BY_NAME[name]
    moved = _replaced(edges, dict(zip(PAIR, (places[kind.source], places[kind.target]), strict=True)))
    return moved.take(pa.array(np.argsort(pair_keys(moved), kind="stable"))).combine_chunks()


def _replaced(table: pa.Table, columns: Mapping[str, _Places]) -> pa.Table:
    for name, places in columns.items():
        rows = places.rows[table[name].to_numpy()]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(rows, pa.int32()))
    return table
