"""Segments to tables: what a row of segments comes to when they are added up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.rules import Rules, weight_columns
from features.segment import PAIR, Segment, attribute_schema, edge_schema, node_schema


def merge_nodes(segments: Sequence[Segment], node: str) -> pa.Table:
    """All nodes of one type: `row` counts up from 0, in order of arrival."""
    tables = [segment.nodes[node] for segment in segments if len(segment.nodes.get(node, ()))]
    return pa.concat_tables(tables).combine_chunks() if tables else node_schema().empty_table()


def merge_attributes(segments: Sequence[Segment], node: str) -> pa.Table:
    """The newest catalogue row of each node that has one, by `row`; of equally new ones that which sorts last."""
    tables = [segment.attributes[node] for segment in segments if len(segment.attributes.get(node, ()))]
    if len(tables) < 2:
        return tables[0] if tables else attribute_schema(node).empty_table()
    from features.adding import add_attributes  # here, not above: what serves has one segment, and no Ibis

    return add_attributes(tables, node)


def merge_edges(
    segments: Sequence[Segment], name: str, rules: Rules, *, epoch: int, source: int | None = None
) -> pa.Table:
    """All edges of one kind, sorted by PAIR; weights relative to `epoch`, counts of every event type that occurs.

    With `source`, those of one source row, found without reading the others.
    """
    kept = _still_counting(segments, name, source)
    if len(kept) == 1 and kept[0][1] == epoch:
        return kept[0][0]
    if not kept:
        return edge_schema(name, rules).empty_table()
    from features.adding import add_edges  # here, not above: what serves has one segment, and no Ibis

    return add_edges(_rescaled(kept, name, rules, epoch), weight_columns(rules.half_lives[name]))


def is_count(column: str) -> bool:
    return column.startswith("count_")


def pair_keys(table: pa.Table) -> np.ndarray:
    """[rows] int64, one number for each PAIR, in the same order as the pairs."""
    source, target = (table[name].to_numpy().astype(np.int64) for name in PAIR)
    return (source << 32) | target


def _still_counting(segments: Sequence[Segment], name: str, source: int | None) -> list[tuple[pa.Table, int]]:
    """The edges of each segment that no later one makes forget, with the segment's epoch."""
    kept: list[tuple[pa.Table, int]] = []
    forgotten = np.array([], dtype=np.int64)
    for segment in reversed(segments):
        table = _of_source(segment.edges.get(name), source)
        if table is not None and len(table):
            if len(forgotten):
                table = table.filter(pa.array(~np.isin(pair_keys(table), forgotten))).combine_chunks()
            kept.append((table, segment.epoch))
        if name in segment.forgotten:
            forgotten = np.union1d(forgotten, pair_keys(_of_source(segment.forgotten[name], source)))
    return [each for each in reversed(kept) if len(each[0])]


def _of_source(table: pa.Table | None, source: int | None) -> pa.Table | None:
    """A piece of `table`, which is sorted by source."""
    if table is None or source is None or not len(table):
        return table
    first, last = np.searchsorted(table["source_row"].to_numpy(), [source, source + 1])
    return table.slice(int(first), int(last - first))


def _rescaled(kept: Sequence[tuple[pa.Table, int]], name: str, rules: Rules, epoch: int) -> list[pa.Table]:
    """Weights relative to `epoch`: 2^((t − epoch) / half_life) is 2^((t − its own) / half_life) times one factor."""
    return [
        table
        if own == epoch
        else _times(table, np.exp2((own - epoch) / np.asarray(rules.half_lives[name])), rules, name)
        for table, own in kept
    ]


def _times(table: pa.Table, factors: np.ndarray, rules: Rules, name: str) -> pa.Table:
    for column, factor in zip(weight_columns(rules.half_lives[name]), factors, strict=True):
        place = table.schema.get_field_index(column)
        table = table.set_column(place, column, pc.multiply(table[column], pa.scalar(float(factor))))
    return table
