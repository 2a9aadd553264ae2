"""The whole graph as tables that can be read without it: ids in place of rows, times and weights as of its instant."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.activity import activity
from features.catalogue import TIED, ids
from features.graph import InterestGraph
from features.kinds import FOLDED
from features.merge import is_count
from features.profile import PROFILES, base_of, edges_of, weights_of
from features.rules import DAY_US, weight_columns

KINDS = (*(kind.name for kind in FOLDED), *PROFILES, *TIED)
"""All kinds of edges that can be read; a name says what lies at either end."""
_MOMENT = pa.timestamp("us", tz="UTC")


def ends(name: str) -> tuple[str, str]:
    """Node types at the source and the target of one of KINDS."""
    source, target = name.split("_")
    return source, target


def read_nodes(graph: InterestGraph, node: str) -> pa.Table:
    """`id`, `since`, what the catalogue says of users and items, and of users, items and queries whether they are
    `active`; the erased are not among them."""
    nodes = graph.nodes(node)
    columns = {"id": nodes["id"], "since": nodes["since"].cast(_MOMENT)}
    if node in ("user", "item", "query"):
        columns["active"] = pa.array(activity(graph, node).active)
    if node in ("user", "item"):
        said = graph.attributes(node)
        places = pc.index_in(nodes["row"], said["row"].combine_chunks())
        columns |= {name: said[name].take(places) for name in said.column_names[3:]}
    return pa.table(columns).filter(pc.is_valid(nodes["id"]))


def read_edges(graph: InterestGraph, name: str) -> pa.Table:
    """`source_id`, `target_id`; unless the catalogue tells of them, also `count_<event type>`, `first_at`, `last_at`,
    `mean_gap_days` (null for a single event) and weights as of the graph's instant, never below 0."""
    if name in TIED:
        source, target = TIED[name](graph)
        return pa.table(_named(graph, name, pa.array(source), pa.array(target)))
    table = edges_of(graph, name)
    counts = {column: table[column] for column in table.column_names if is_count(column)}
    columns = weight_columns(graph.rules.half_lives[base_of(name)])
    faded = zip(columns, weights_of(graph, name, table).T, strict=True)
    return pa.table(
        _named(graph, name, table["source_row"], table["target_row"])
        | counts
        | {moment: table[moment].cast(_MOMENT) for moment in ("first_at", "last_at")}
        | {"mean_gap_days": _mean_gap(table, list(counts))}
        | {column: pa.array(weights) for column, weights in faded}
    )


def _named(graph: InterestGraph, name: str, source: pa.Array, target: pa.Array) -> dict[str, pa.Array]:
    return {
        f"{end}_id": ids(graph, node).take(rows)
        for end, node, rows in zip(("source", "target"), ends(name), (source, target), strict=True)
    }


def _mean_gap(table: pa.Table, counts: list[str]) -> pa.Array:
    """Days between two events on average."""
    events = sum((table[column].to_numpy().astype(np.int64) for column in counts), start=np.zeros(len(table), np.int64))
    days = (table["last_at"].to_numpy() - table["first_at"].to_numpy()) / DAY_US
    return pa.array(days / np.maximum(events - 1, 1), mask=events < 2)
