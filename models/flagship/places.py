"""Where each of a user's edges stands among them by weight: counted, which is cheaper than sorting."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_matrix


def places_by_weight(user_of: np.ndarray, weight: np.ndarray, start: np.ndarray) -> np.ndarray:
    """[edges] the rank of an edge among its user's, the heaviest 0; of equal weights the one before comes first.

    `user_of` and `weight` [edges] are sorted by user, whose edges begin at `start` [users + 1].
    """
    levels, level = np.unique(-weight, return_inverse=True)
    heaviest_first = stable_order(level, len(levels))
    order = heaviest_first[stable_order(user_of[heaviest_first], len(start) - 1)]
    places = np.empty(len(order))
    places[order] = np.arange(len(order)) - start[user_of]
    return places


def stable_order(keys: np.ndarray, count: int) -> np.ndarray:
    """[n] what sorts `keys` [n], integers from 0 to below `count`; equal ones stay in order.

    Turning a sparse matrix around, from columns to rows, is a counting sort: its time grows as n + count.
    """
    marks = csc_matrix((np.ones(len(keys), dtype=bool), keys, np.arange(len(keys) + 1)), shape=(count, len(keys)))
    order: np.ndarray = marks.tocsr().indices
    return order
