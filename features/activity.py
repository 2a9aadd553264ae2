"""Which nodes are in use: not yet admitted, active, or expired, as of the graph's instant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from features.graph import InterestGraph
from features.kinds import FOLDED

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Activity:
    """By row of one type of node: `events` (int64), `last_at` (int64 µs, NEVER without events), whether it was
    `admitted`, whether it is `expired`, and whether it is `active`: admitted and not expired.

    All of it follows from the edges and the catalogue, so that it cannot depend on how events were batched. An expired
    node keeps its row and its edges; its next event makes it active again.
    """

    events: np.ndarray
    last_at: np.ndarray
    admitted: np.ndarray
    expired: np.ndarray

    @property
    def active(self) -> np.ndarray:
        return self.admitted & ~self.expired


def activity(graph: InterestGraph, node: str) -> Activity:
    """The activity of `user`, `item` or `query` nodes."""
    size = graph.count(node)
    events, last_at = np.zeros(size, dtype=np.int64), np.full(size, NEVER)
    for kind in FOLDED:
        table = graph.edge_table(kind.name)
        for end, column in ((kind.source, "source_row"), (kind.target, "target_row")):
            # a click is an event of the item already; what it says of the query is that it was asked
            if end == node and len(table) and kind.source == "user":
                rows = table[column].to_numpy()
                events += np.bincount(rows, graph.total_counts(kind.name), minlength=size).astype(np.int64)
                np.maximum.at(last_at, rows, table["last_at"].to_numpy())
    named = np.zeros(size, dtype=bool)
    fresh = last_at.copy()
    if node in ("user", "item"):
        said = graph.attributes(node)
        rows = said["row"].to_numpy()
        named[rows] = True
        fresh[rows] = np.maximum(fresh[rows], said["valid_from"].to_numpy())
    erased = pc.is_null(graph.nodes(node)["id"]).to_numpy(zero_copy_only=False)
    admitted = ((events >= graph.rules.admit_after) | named) & ~erased
    expired = admitted & (fresh < graph.as_of - graph.rules.expire_after)
    return Activity(events, last_at, admitted, expired)
