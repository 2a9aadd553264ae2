"""Sparsify: of each node, the strongest edges that together hold a given share of its weight."""

from __future__ import annotations

import numpy as np

SLACK = 1e-9
"""Of a node's weight: sums of floating-point numbers may fall short of the asked share by as much."""


def sparsify(source: np.ndarray, target: np.ndarray, weight: np.ndarray, keep_mass: float) -> np.ndarray:
    """[edges] bool: the edge is kept, because its source or its target keeps it.

    Both ends keep their strongest edges until these hold `keep_mass` (in (0, 1]) of the end's weight; of equally
    strong ones those with the lower row at the other end. `source`, `target` [edges] rows of distinct pairs; `weight`
    [edges], 0 or more. A share of 1 keeps all; below it, edges that weigh nothing go. Raises ValueError for another
    share, and for weights that are negative or not finite.
    """
    if not 0 < keep_mass <= 1:
        raise ValueError(f"keep_mass is above 0 and at most 1, not {keep_mass}")
    if not (weight >= 0).all() or not np.isfinite(weight).all():
        raise ValueError(f"weights are finite and 0 or more; the least is {weight.min()}, the largest {weight.max()}")
    if keep_mass == 1:
        return np.ones(len(weight), dtype=bool)
    ends = ((source, target), (target, source))
    return np.logical_or.reduce(
        [strongest(rows, others, weight, keep_mass * weight_of(rows, weight)) for rows, others in ends]
    )


def weight_of(rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[nodes] float64: the weight of all edges of each node."""
    return np.bincount(rows, weight)


def strongest(rows: np.ndarray, others: np.ndarray, weight: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """[edges] bool: the strongest edges of each of `rows`, as many as are needed to hold `needed` [nodes]."""
    order = np.lexsort((others, -weight, rows))
    ordered, most = rows[order], needed[rows[order]]
    # as shares of what each node needs, so that one running sum serves the strong and the faint alike
    share = np.divide(weight[order], most, out=np.zeros(len(order)), where=most > 0)
    held = np.cumsum(share)
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(order) else order
    lengths = np.diff(np.r_[begins, len(order)])
    before = held - share - np.repeat((held - share)[begins], lengths)
    kept = np.zeros(len(order), dtype=bool)
    kept[order] = (before < 1 - SLACK) & (share > 0)
    return kept
