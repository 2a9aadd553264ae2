"""What changed between two graphs of one lineage: edges born, strengthened, faded, expired."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from features.activity import activity
from features.graph import InterestGraph
from features.kinds import USER_ITEM
from features.merge import pair_keys


@dataclass(frozen=True)
class Difference:
    """Counts of user–item edges and of nodes. At one half-life, faded edges lost weight and strengthened ones gained
    it; an edge is expired when it is gone, or one of its nodes has expired since."""

    users_born: int
    items_born: int
    edges_born: int
    edges_strengthened: int
    edges_faded: int
    edges_expired: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def compare(before: InterestGraph, after: InterestGraph, *, half_life: int | None = None) -> Difference:
    """Compare weights at `half_life` (µs; default: the longest the graphs have), each as of its own instant."""
    column = before.half_lives.index(half_life or max(before.half_lives))
    old_keys, old = _in_use(before, column)
    new_keys, new = _in_use(after, column)
    _, old_at, new_at = np.intersect1d(old_keys, new_keys, assume_unique=True, return_indices=True)
    return Difference(
        users_born=after.count("user") - before.count("user"),
        items_born=after.count("item") - before.count("item"),
        edges_born=len(new_keys) - len(new_at),
        edges_strengthened=int((new[new_at] > old[old_at]).sum()),
        edges_faded=int((new[new_at] < old[old_at]).sum()),
        edges_expired=len(old_keys) - len(old_at),
    )


def _in_use(graph: InterestGraph, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Pair keys of the edges between active nodes, and their weights."""
    table = graph.edge_table(USER_ITEM.name)
    users, items = activity(graph, "user").active, activity(graph, "item").active
    used = users[table["source_row"].to_numpy()] & items[table["target_row"].to_numpy()]
    return pair_keys(table)[used], graph.weights()[used, column]
