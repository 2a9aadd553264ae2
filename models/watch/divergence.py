"""How unlike two counts by category are: population stability index and Jensen–Shannon divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import rel_entr

SPREAD = 0.001
"""The share of all weight that is spread evenly over the categories before logarithms are taken (Jelinek & Mercer 1980,
with the uniform law): a category that one side lacks costs a finite amount, and equal shares stay equal."""


def psi(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Σ (q − p) · ln(q / p) over categories: 0 if and only if shares are equal, and alike both ways (Siddiqi 2006).

    At most 2 ln(1 + c / `SPREAD`) for c categories. Raises ValueError for counts that are negative or not finite, and
    for a side without any.
    """
    return psi_of(*vectors(before, after))


def psi_of(old: np.ndarray, new: np.ndarray) -> float:
    """`psi` of counts [categories] in the same order."""
    p, q = ((1 - SPREAD) * side / side.sum() + SPREAD / len(side) for side in (old, new))
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """(KL(p ‖ m) + KL(q ‖ m)) / 2 in bits, m = (p + q) / 2 (Lin 1991): 0 if and only if shares are equal, 1 if no
    category is common. Needs no smoothing. Raises as `psi` does."""
    return jensen_shannon_of(*vectors(before, after))


def jensen_shannon_of(old: np.ndarray, new: np.ndarray) -> float:
    """`jensen_shannon` of counts [categories] in the same order."""
    p, q = (side / side.sum() for side in (old, new))
    middle = (p + q) / 2
    nats = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2
    return float(np.clip(nats / math.log(2), 0.0, 1.0))


def vectors(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both sides, over the categories that one of them has."""
    if not counted(before) or not counted(after):
        raise ValueError(f"one side has no counts: {dict(before)} and {dict(after)}")
    names = sorted(key for key in before.keys() | after.keys() if before.get(key) or after.get(key))
    old, new = (np.array([side.get(name, 0.0) for name in names], dtype=np.float64) for side in (before, after))
    return old, new


def counted(counts: Mapping[str, float]) -> bool:
    """Is there any count? Raises ValueError for those that cannot be."""
    bad = {key: count for key, count in counts.items() if not math.isfinite(count) or count < 0}
    if bad:
        raise ValueError(f"counts are finite and 0 or more: {bad}")
    return sum(counts.values()) > 0
