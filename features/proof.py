"""Proof that two graphs say the same: a hash over all that has to be equal to the bit, and how far weights differ."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from features.backend import local_backend, run
from features.graph import InterestGraph
from features.kinds import BY_NAME
from features.merge import is_count
from features.rules import weight_columns
from features.segment import ATTRIBUTES, PAIR

FAINT = 1e-6
"""Weights below this, such as those of what was bought and returned, are held to 1e-9 of this."""


@dataclass(frozen=True)
class Proof:
    """`digests` of both graphs: SHA-256 over ids, counts and times of all edges, and what the catalogue says of nodes.
    `largest_difference`: of any two weights as of the graphs' instant, as a share of the larger one."""

    digests: tuple[str, str]
    largest_difference: float

    @property
    def holds(self) -> bool:
        """Counts to the bit, weights to 1e-9."""
        return self.digests[0] == self.digests[1] and self.largest_difference <= 1e-9


def prove(one: InterestGraph, other: InterestGraph) -> Proof:
    """Compare two graphs by their ids: rows may differ, as they do after an erasure."""
    sides = [{name: _by_id(graph, name) for name in BY_NAME} for graph in (one, other)]
    digests = tuple(_digest(graph, edges) for graph, edges in zip((one, other), sides, strict=True))
    if digests[0] != digests[1]:
        return Proof((digests[0], digests[1]), float("inf"))
    gaps = [_gap(one, other, name, sides[0][name], sides[1][name]) for name in BY_NAME]
    return Proof((digests[0], digests[1]), max(gaps))


def _by_id(graph: InterestGraph, name: str) -> pa.Table:
    """Edges with ids in place of rows, sorted by them."""
    kind, table = BY_NAME[name], graph.edge_table(name)
    if not len(table):
        return table.drop_columns(list(PAIR))
    edges = ibis.memtable(table)
    for node, column in ((kind.source, "source"), (kind.target, "target")):
        known = graph.nodes(node).select(["row", "id"]).rename_columns([f"{column}_row", f"{column}_id"])
        edges = edges.inner_join(ibis.memtable(known), f"{column}_row")
    with local_backend() as backend:
        return run(edges.drop(*PAIR).order_by(["source_id", "target_id"]), backend)


def _digest(graph: InterestGraph, edges: dict[str, pa.Table]) -> str:
    digest = hashlib.sha256()
    for name, table in edges.items():
        counts = [column for column in table.column_names if is_count(column) and pc.max(table[column]).as_py()]
        exact = ["source_id", "target_id", *sorted(counts), "first_at", "last_at"]
        digest.update(name.encode() + (_bytes(table.select(exact)) if len(table) else b""))
    for node, said in ((node, _attributes_by_id(graph, node)) for node in ATTRIBUTES):
        digest.update(node.encode() + _bytes(said))
    return digest.hexdigest()


def _attributes_by_id(graph: InterestGraph, node: str) -> pa.Table:
    said = ibis.memtable(graph.attributes(node))
    named = said.inner_join(ibis.memtable(graph.nodes(node).select(["row", "id"])), "row").drop("row")
    with local_backend() as backend:
        return run(named.order_by("id"), backend)


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


def _gap(one: InterestGraph, other: InterestGraph, name: str, mine: pa.Table, yours: pa.Table) -> float:
    largest = 0.0
    decays = zip(weight_columns(one.rules.half_lives[name]), one.decay(name), other.decay(name), strict=True)
    for column, my_decay, your_decay in decays:
        a, b = mine[column].to_numpy() * my_decay, yours[column].to_numpy() * your_decay
        scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), FAINT)
        largest = max(largest, float(np.max(np.abs(a - b) / scale, initial=0.0)))
    return largest
