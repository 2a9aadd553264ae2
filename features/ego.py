"""What one user cares about: the edges of a user, by name, with weights, counts and times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import ids
from features.graph import InterestGraph
from features.merge import is_count
from features.profile import PROFILES, base_of, profile
from features.rules import DAY_US, weight_columns

KINDS = {"category": "user_category", "brand": "user_brand", "item": "user_item", "query": "user_query"}
"""What a user may care about, and the kind of edge that tells of it."""


@dataclass(frozen=True)
class Interest:
    """`short` and `long`: weights at the shortest and longest half-life of the kind, as of the graph's instant.
    `counts`: events by type, those that occurred; `first_at`, `last_at` in µs."""

    name: str
    short: float
    long: float
    counts: dict[str, int]
    first_at: int
    last_at: int

    def named(self, name: str) -> Interest:
        """The same under another name."""
        return replace(self, name=name)

    @property
    def mean_gap_days(self) -> float | None:
        """Days between two events on average; None for a single event."""
        events = sum(self.counts.values())
        return (self.last_at - self.first_at) / DAY_US / (events - 1) if events > 1 else None


def user_row(graph: InterestGraph, user_id: str) -> int | None:
    """The user's row, None for one the graph does not know; an erased user has no id and is not found."""
    row: int = pc.index(ids(graph, "user"), pa.scalar(user_id, pa.string())).as_py()
    return row if row >= 0 else None


def interests(graph: InterestGraph, user_id: str, kind: str) -> list[Interest]:
    """What of one of KINDS the user has an edge to, the heaviest at the longest half-life first, then by name.

    What weighs nothing (it was returned), or has had no event for the graph's `expire_after`, is left out: it has
    expired. A user the graph does not know has no interests.
    """
    row, name = user_row(graph, user_id), KINDS[kind]
    table = profile(graph, name) if name in PROFILES else graph.edge_table(name)
    if row is None or not len(table):
        return []
    mine = table.filter(pc.equal(table["source_row"], row))
    found = _told(mine.to_pylist(), _weights(mine, graph, name), ids(graph, kind))
    kept = [each for each in found if each.long > 0 and each.last_at >= graph.as_of - graph.rules.expire_after]
    return sorted(kept, key=lambda each: (-each.long, each.name))


def _weights(table: pa.Table, graph: InterestGraph, name: str) -> np.ndarray:
    base = base_of(name)
    columns = [table[column].to_numpy() for column in weight_columns(graph.rules.half_lives[base])]
    return np.maximum(np.stack(columns, axis=1) * graph.decay(base), 0.0)


def _told(rows: list[dict[str, int]], weights: np.ndarray, names: pa.Array) -> list[Interest]:
    return [
        Interest(
            name=names[row["target_row"]].as_py() or "(erased)",
            short=float(weight[0]),
            long=float(weight[-1]),
            counts={column.removeprefix("count_"): n for column, n in row.items() if is_count(column) and n},
            first_at=row["first_at"],
            last_at=row["last_at"],
        )
        for row, weight in zip(rows, weights, strict=True)
    ]
