"""Whether two graphs give the same rows to the same nodes: models know users and items by their rows."""

from __future__ import annotations

import pyarrow.compute as pc

from features.catalogue import ids
from features.graph import InterestGraph


def moved_row(before: InterestGraph, after: InterestGraph) -> tuple[str, int] | None:
    """The first node type and row, among those that both graphs have, that is another node's in `after`; None where
    there is none. A node that was erased meanwhile has not moved."""
    for node in ("user", "item"):
        both = min(before.count(node), after.count(node))
        old, new = (ids(graph, node).slice(0, both) for graph in (before, after))
        moved = pc.and_(pc.is_valid(new), pc.fill_null(pc.not_equal(old, new), True))
        row: int = pc.index(moved, True).as_py()
        if row >= 0:
            return node, row
    return None
