"""Adding up what several segments hold, as Ibis expressions."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from features.backend import local_backend, run
from features.merge import is_count
from features.segment import ATTRIBUTES, PAIR


def add_edges(tables: Sequence[pa.Table], weights: Sequence[str]) -> pa.Table:
    """The sums of several tables of edges, relative to one epoch, sorted by PAIR."""
    counts = list(dict.fromkeys(column for table in tables for column in table.column_names if is_count(column)))
    parts = [_aligned(ibis.memtable(table), counts) for table in tables]
    with local_backend() as backend:
        summed = add_up(ibis.union(*parts) if len(parts) > 1 else parts[0], counts, weights)
        return run(summed.order_by(list(PAIR)), backend)


def add_attributes(tables: Sequence[pa.Table], node: str) -> pa.Table:
    """The newest of the catalogue rows of each node in several tables."""
    with local_backend() as backend:
        return run(newest_rows(ibis.memtable(pa.concat_tables(tables)), ATTRIBUTES[node]), backend)


def add_up(edges: Table, counts: Sequence[str], weights: Sequence[str]) -> Table:
    """One row for each pair of `edges`, which may hold several."""
    return edges.group_by(list(PAIR)).aggregate(
        **{name: edges[name].sum().cast("int32") for name in counts},
        first_at=edges["first_at"].min(),
        last_at=edges["last_at"].max(),
        **{name: edges[name].sum() for name in weights},
    )


def newest_rows(rows: Table, attributes: Sequence[str]) -> Table:
    """The newest of the catalogue rows (`row`, `valid_from`, `valid_since`, `attributes`) of each `row`."""
    order = [ibis.desc("valid_from"), *(ibis.desc(rows[name], nulls_first=False) for name in attributes)]
    by_row = ibis.window(group_by="row", order_by=order)
    ranked = rows.mutate(
        place=ibis.row_number().over(by_row), valid_since=rows["valid_since"].min().over(ibis.window(group_by="row"))
    )
    return ranked.filter(ranked["place"] == 0).drop("place").order_by("row")


def _aligned(edges: Table, counts: Sequence[str]) -> Table:
    missing = {name: ibis.literal(0, "int32") for name in counts if name not in edges.columns}
    others = [name for name in edges.columns if not is_count(name) and name not in PAIR]
    return edges.mutate(**missing).select(*PAIR, *counts, *others)
