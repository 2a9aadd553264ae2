"""Sorted integer keys: a pair (row, column) of a table with `c` columns is `row · c + column`."""

from __future__ import annotations

import numpy as np


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The concatenation of `start, start + 1, … start + count - 1` for each pair."""
    before = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(starts - before, counts)


def distinct(keys: np.ndarray) -> np.ndarray:
    """Sorted, each once; `np.unique` hashes first, which is some ten times slower here."""
    ordered = np.sort(keys)
    return ordered[np.concatenate([ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]])]


def find(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Places of `wanted` in the sorted `keys`, -1 where absent."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def contains(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """[wanted] whether each stands in the sorted `keys`."""
    found: np.ndarray = find(keys, wanted) >= 0
    return found
