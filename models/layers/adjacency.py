"""The adjacency of the interest graph as layers take it: sparse, rows are destinations."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from scipy.sparse import bmat, csr_matrix
from torch import Tensor

from models.degrees import inverse


def normalised_adjacency(interests: csr_matrix) -> Tensor:
    """`D^(-1/2) A D^(-1/2)` of the bipartite graph, float32 CSR [users + items, users + items].

    `interests` [users, items] holds decayed weights and `D` the sums of a node's weights. Symmetric, so that rows are
    destinations as `LGConv` wants them. A node without weight has an empty row. Indices are int32 where they suffice:
    wider ones are narrowed anew in every product on a CPU.
    """
    kept = interests.copy()
    kept.eliminate_zeros()
    both = bmat([[None, kept], [kept.T, None]], format="csr")
    degree = np.asarray(both.sum(axis=1)).ravel()
    scale = inverse(np.sqrt(degree))
    values = both.data * scale[both.indices] * np.repeat(scale, np.diff(both.indptr))
    return csr_tensor(
        torch.from_numpy(both.indptr),
        torch.from_numpy(both.indices),
        torch.from_numpy(values.astype(np.float32)),
        both.shape,
    )


def csr_tensor(starts: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """The sparse CSR matrix of `shape` whose row r holds `values` at `columns` from `starts[r]` to `starts[r + 1]`."""
    with warnings.catch_warnings():  # torch announces that its CSR layout may still change
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(starts, columns, values, size=shape, check_invariants=False)


def select_rows(adjacency: Tensor, nodes: Tensor) -> Tensor:
    """CSR [n, columns]: the rows `nodes` [n] of the CSR `adjacency`, in that order; a row may be named twice."""
    starts = adjacency.crow_indices()
    first = starts[nodes]
    counts = starts[nodes + 1] - first
    after = torch.nn.functional.pad(counts.cumsum(0, dtype=starts.dtype), (1, 0))
    shift = torch.repeat_interleave(first - after[:-1], counts)
    place = torch.arange(len(shift), device=shift.device) + shift
    columns, values = adjacency.col_indices()[place], adjacency.values()[place]
    return csr_tensor(after, columns, values, (len(nodes), adjacency.shape[1]))


def transpose(matrix: Tensor) -> Tensor:
    """The CSR `matrix` transposed, CSR too: on a CPU by SciPy, which counts where torch sorts, ten times as fast."""
    if matrix.device.type != "cpu":
        return matrix.t().to_sparse_csr()
    parts = (part.numpy() for part in (matrix.values(), matrix.col_indices(), matrix.crow_indices()))
    turned = csr_matrix(tuple(parts), shape=tuple(matrix.shape)).tocsc()
    starts, columns, values = (torch.from_numpy(part) for part in (turned.indptr, turned.indices, turned.data))
    return csr_tensor(starts, columns, values, (matrix.shape[1], matrix.shape[0]))
