"""Scaling by degrees: the sums of the weights of users and of items."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags


def degrees(interests: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """The sums [users] and [items] of `interests` [users, items]."""
    users, items = (np.asarray(interests.sum(axis=axis)).ravel() for axis in (1, 0))
    return users, items


def inverse(values: np.ndarray) -> np.ndarray:
    """1 over each of `values`, and 0 where it is 0."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def degree_scaled(interests: csr_matrix) -> csr_matrix:
    """`D_U^(-1/2) R D_I^(-1/2)` of `interests` R [users, items]; a user or an item without weight keeps zeros."""
    users, items = (inverse(np.sqrt(sums)) for sums in degrees(interests))
    return csr_matrix(diags(users) @ interests @ diags(items))
