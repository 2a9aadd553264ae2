"""How strongly walks of three edges lead from users to items: what an embedding of few factors smooths away."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags

from models.degrees import degree_scaled, degrees, inverse


class Walks:
    """`D_U⁻¹ R R̃ᵀ R̃` [users, items]: how alike an item is to those of a user, on average.

    R [users, items] are decayed weights, D its sums and R̃ = D_U^(−1/2) R D_I^(−1/2); R̃ᵀ R̃ tells how alike two items
    are. It is the linear filter of GF-CF (Shen et al. 2021, section 4), divided by each user's total weight.
    """

    def __init__(self, interests: csr_matrix) -> None:
        self._own = csr_matrix(diags(inverse(degrees(interests)[0])) @ interests, dtype=np.float32)
        self._across = csr_matrix(degree_scaled(interests).T, dtype=np.float32)

    def strengths(self, users: np.ndarray) -> np.ndarray:
        """[n, items] float32 for the rows `users` [n], which had better be few."""
        of_one_mind = (self._own[users] @ self._across).toarray()
        return np.asarray(self._across @ of_one_mind.T).T
