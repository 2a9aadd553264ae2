"""Events to edges: one Ibis expression, run by DuckDB."""

from __future__ import annotations

import ibis
import pandas as pd

from features.graph import weight_columns

_ONE_THREAD = {"threads": 1}
"""Floating-point sums depend on their order: one thread keeps the same events giving the same bytes."""


def aggregate(
    events: pd.DataFrame, *, epoch: int, half_lives: tuple[int, ...], event_weights: dict[str, float]
) -> pd.DataFrame:
    """Edges of `events` (columns `user_row`, `item_row`, `at` in µs, `event_type`), sorted by both rows.

    Gives the edge columns of `features.graph.InterestGraph`; weights are relative to `epoch` (µs).
    """
    connection = ibis.duckdb.connect(**_ONE_THREAD)
    try:
        table = ibis.memtable(events[["user_row", "item_row", "at", "event_type"]])
        weight = table.event_type.cases(*event_weights.items(), else_=0.0).cast("float64")
        sums = {
            name: (weight * ibis.literal(2.0).pow((table["at"] - epoch).cast("float64") / float(half_life))).sum()
            for name, half_life in zip(weight_columns(half_lives), half_lives, strict=True)
        }
        edges = table.group_by(["user_row", "item_row"]).aggregate(
            count=table.count(), first_at=table["at"].min(), last_at=table["at"].max(), **sums
        )
        return connection.to_pandas(edges.order_by(["user_row", "item_row"]))
    finally:
        connection.disconnect()
