"""GF-CF: a user's interests smoothed over the graph by closed-form low-pass filters; nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import aslinearoperator, eigsh
from torch import Tensor

from models.baselines.counting import Counting
from models.degrees import degree_scaled, degrees, inverse
from models.explanation import explanation
from models.ranking import check_pair

_NOTHING = 1e-12
"""An eigenvalue below this is none: the largest is 1."""


@dataclass(frozen=True, kw_only=True)
class GraphFilterSettings:
    """`factors` singular vectors make the ideal filter, which counts `ideal` times as much as the linear one."""

    half_life: float
    factors: int
    ideal: float


class GraphFilter(Counting):
    """`r_u (R̃ᵀR̃ + ideal · D_I^(−1/2) V Vᵀ D_I^(1/2))`, R̃ = D_U^(−1/2) R D_I^(−1/2), V its first right singular vectors.

    R are the weights at `half_life` days. Source: Shen et al., "How Powerful is Graph Convolution for Recommendation?",
    2021, section 4 (GF-CF), with decayed weights in the place of ones.
    """

    kind = "graph_filter"
    Settings = GraphFilterSettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """Two channels: the linear and the ideal filter."""
        check_pair(user, item, self._interests.shape)
        linear, ideal = (float(part[0, item]) for part in self._filtered(np.array([user])))
        return explanation({"linear filter": linear, "ideal filter": ideal})

    def _read(self) -> None:
        self._root = np.sqrt(degrees(self._interests)[1])
        self._inverse = inverse(self._root)
        scaled = degree_scaled(self._interests)
        self._across = scaled.T.tocsr()
        self._vectors = _first_vectors(scaled, self.settings.factors)

    def _score(self, users: Tensor) -> Tensor:
        linear, ideal = self._filtered(users.numpy())
        return torch.from_numpy(linear + ideal)

    def _filtered(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own = self._interests[users]
        of_one_mind = (own @ self._across).toarray()  # hardly sparse, and so is what follows
        linear = (self._across @ of_one_mind.T).T
        ideal = (own.multiply(self._inverse).tocsr() @ self._vectors) @ self._vectors.T * self._root
        return linear, self.settings.ideal * ideal


def _first_vectors(matrix: csr_matrix, count: int) -> np.ndarray:
    """[items, ≤ count] right singular vectors of the largest singular values; one fewer than the matrix has at most."""
    count = min(count, min(matrix.shape) - 1)
    if count < 1 or not matrix.nnz:
        return np.zeros((matrix.shape[1], 0))
    if matrix.shape[0] < matrix.shape[1]:  # on the side of users it takes a fraction of the time
        values, left = _first_eigenvectors(matrix, matrix.T.tocsr(), count)
        vectors = matrix.T @ left[:, values > _NOTHING]
    else:
        values, vectors = _first_eigenvectors(matrix.T.tocsr(), matrix, count)
    return np.ascontiguousarray(np.linalg.qr(vectors)[0])


def _first_eigenvectors(left: csr_matrix, right: csr_matrix, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues of `left @ right`, which is symmetric, and their vectors [rows, count]."""
    start = np.ones(left.shape[0]) / np.sqrt(left.shape[0])
    # not svds: it does not pass its generator on, and where singular values are equal the last bits depend on it
    gram = aslinearoperator(left) @ aslinearoperator(right)
    values, vectors = eigsh(gram, k=count, v0=start, rng=np.random.default_rng(0))
    return values, vectors
