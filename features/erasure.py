"""Leaving no trace of erased users in a graph whose edges have forgotten them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from features.graph import InterestGraph, compact
from features.kinds import FOLDED
from features.numbering import number_like
from features.tombstones import bury


def without_traces(graph: InterestGraph, erased: Mapping[str, int]) -> InterestGraph:
    """`graph` in one segment, without what it knew of the users in `erased` (id to µs) from before that instant.

    Users, items and queries that no edge and no catalogue row names any more lose their id: their rows stay, as
    tombstones, since rows never move; what was searched for by an erased user alone is gone with them. An erased user
    who came back has another row: what models learned of the old one is not theirs.
    """
    whole = compact(graph)
    segment = whole.segments[0]
    users = graph.nodes("user")
    rows = {id_: row for row, id_ in enumerate(users["id"].to_pylist()) if id_ in erased}
    attributes = {**segment.attributes, "user": _later(segment.attributes["user"], rows, erased)}
    nodes = dict(segment.nodes)
    nodes["user"] = _since_then(users, rows, graph)
    for node in ("user", "item", "query"):
        named = attributes[node]["row"].to_numpy() if node in attributes else np.array([], dtype=np.int32)
        nodes[node] = bury(nodes[node], np.isin(nodes[node]["row"].to_numpy(), np.union1d(_tied(graph, node), named)))
    left = replace(whole, segments=(replace(segment, nodes=nodes, attributes=attributes),), _seen={})
    return number_like(left, graph, erased)


def _later(said: pa.Table, rows: Mapping[str, int], erased: Mapping[str, int]) -> pa.Table:
    """Catalogue rows but for those of the erased that were valid before."""
    until = {row: erased[id_] for id_, row in rows.items()}
    kept = [
        at >= until.get(row, at)
        for row, at in zip(said["row"].to_pylist(), said["valid_from"].to_pylist(), strict=True)
    ]
    said = said.filter(pa.array(kept, pa.bool_())).combine_chunks()
    ours = np.isin(said["row"].to_numpy(), list(until))
    since = np.where(ours, said["valid_from"].to_numpy(), said["valid_since"].to_numpy())
    return said.set_column(said.schema.get_field_index("valid_since"), "valid_since", pa.array(since, pa.int64()))


def _since_then(users: pa.Table, rows: Mapping[str, int], graph: InterestGraph) -> pa.Table:
    """An erased user who came back was first seen when they did."""
    since = users["since"].to_numpy().copy()
    again = np.fromiter(rows.values(), np.int64, len(rows))
    since[again] = graph.as_of
    for ends, first in _ends(graph, "user", "first_at"):
        ours = np.isin(ends, again)
        np.minimum.at(since, ends[ours], first[ours])
    return users.set_column(users.schema.get_field_index("since"), "since", pa.array(since, pa.int64()))


def _tied(graph: InterestGraph, node: str) -> np.ndarray:
    """Rows of nodes that have an edge."""
    return np.unique(np.concatenate([rows for rows, _ in _ends(graph, node, "last_at")]))


def _ends(graph: InterestGraph, node: str, moment: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each end of a kind of edge that is of type `node`: the rows there, and the edges' `moment`."""
    return [
        (graph.edge_table(kind.name)[column].to_numpy(), graph.edge_table(kind.name)[moment].to_numpy())
        for kind in FOLDED
        for end, column in ((kind.source, "source_row"), (kind.target, "target_row"))
        if end == node
    ]
