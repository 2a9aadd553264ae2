"""What a window changed: edges born, strengthened, faded, expired."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from features.fold import pair_keys
from features.graph import InterestGraph


@dataclass(frozen=True)
class Delta:
    """Counts between two graphs of one lineage. At one half-life, faded edges lost weight and
    strengthened ones gained it."""

    users_born: int
    items_born: int
    edges_born: int
    edges_strengthened: int
    edges_faded: int
    edges_expired: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def compare(before: InterestGraph, after: InterestGraph, *, half_life: int | None = None) -> Delta:
    """Compare weights at `half_life` (µs; default: the longest the graphs have), each as of its own instant."""
    column = before.half_lives.index(half_life or max(before.half_lives))
    old_keys, new_keys = pair_keys(before.edges), pair_keys(after.edges)
    _, old_at, new_at = np.intersect1d(old_keys, new_keys, assume_unique=True, return_indices=True)
    old, new = before.weights()[old_at, column], after.weights()[new_at, column]
    return Delta(
        users_born=len(after.users) - len(before.users),
        items_born=len(after.items) - len(before.items),
        edges_born=len(new_keys) - len(new_at),
        edges_strengthened=int((new > old).sum()),
        edges_faded=int((new < old).sum()),
        edges_expired=len(old_keys) - len(old_at),
    )
