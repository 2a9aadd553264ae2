"""The rows of a sparse matrix that are most alike, by `implicit`."""

from __future__ import annotations

import numpy as np
from implicit.nearest_neighbours import all_pairs_knn
from scipy.sparse import coo_matrix, csr_matrix, diags

from models.degrees import inverse


def cosine_neighbours(rows: csr_matrix, neighbours: int) -> csr_matrix:
    """[n, n] float64: for each of `rows` [n, d] the cosines with the at most `neighbours` others that are most alike.

    Rows without entries have no neighbours. One thread, and equal to the bit for equal input.
    """
    unit = scaled(rows.astype(np.float64), 2)
    found = coo_matrix(all_pairs_knn(unit.T.tocsr(), neighbours + 1, show_progress=False, num_threads=1))
    others = (found.row != found.col) & (found.data > 0)
    kept = csr_matrix((found.data[others], (found.row[others], found.col[others])), shape=(len(unit.indptr) - 1,) * 2)
    return _first(kept, neighbours)


def scaled(rows: csr_matrix, norm: int) -> csr_matrix:
    """`rows` [n, d], each divided by its norm; those of norm 0 stay as they are."""
    sizes = np.asarray(rows.power(norm).sum(axis=1)).ravel() ** (1 / norm)
    return csr_matrix(diags(inverse(sizes)) @ rows)


def _first(alike: csr_matrix, neighbours: int) -> csr_matrix:
    """Of each row the `neighbours` largest; of equal ones those with the lower column."""
    rows = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))
    order = np.lexsort((alike.indices, -alike.data, rows))
    places = np.arange(len(order)) - alike.indptr[rows]
    kept = order[places < neighbours]
    found = csr_matrix((alike.data[kept], (rows[kept], alike.indices[kept])), shape=alike.shape)
    found.sort_indices()
    return found
