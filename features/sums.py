"""Interactions to sums: counts, first and last time, and decayed weights of each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
from ibis.expr.types import Table

from features.rules import weight_columns
from features.segment import PAIR


def sum_up(
    interactions: Table,
    *,
    epoch: int,
    half_lives: tuple[int, ...],
    event_weights: Mapping[str, float],
    event_types: Sequence[str],
) -> Table:
    """The edges of `interactions` (`source_row`, `target_row`, `event_type`, `at` in µs), sorted by pair.

    Gives the columns of `features.segment.edge_schema`: a count for each of `event_types`, which are all that occur,
    and weights relative to `epoch` (µs).
    """
    weighed = interactions.mutate(
        weight=interactions["event_type"].cases(*event_weights.items(), else_=0.0).cast("float64"),
        age=(interactions["at"] - epoch).cast("float64"),
    )
    of_type = {name: weighed.count(where=weighed["event_type"] == name).cast("int32") for name in event_types}
    sums = {
        column: (weighed["weight"] * ibis.literal(2.0).pow(weighed["age"] / float(half_life))).sum()
        for column, half_life in zip(weight_columns(half_lives), half_lives, strict=True)
    }
    edges = weighed.group_by(list(PAIR)).aggregate(
        **{f"count_{name}": count for name, count in of_type.items()},
        first_at=weighed["at"].min(),
        last_at=weighed["at"].max(),
        **sums,
    )
    return edges.order_by(list(PAIR))
