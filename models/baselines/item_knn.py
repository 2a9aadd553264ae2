"""Item-kNN: what goes with the items the user cares about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix, identity
from torch import Tensor

from models.baselines.counting import Counting
from models.baselines.neighbours import cosine_neighbours
from models.explanation import strongest
from models.ranking import check_pair


@dataclass(frozen=True, kw_only=True)
class ItemKnnSettings:
    half_life: float
    neighbours: int


class ItemKnn(Counting):
    """An item's score is `Σ_j w_uj · s_ji`: own weights at `half_life` days times cosines of the items' columns.

    Each item j is alike to itself (1) and to its `neighbours` nearest. Source: Sarwar et al., "Item-based collaborative
    filtering recommendation algorithms", 2001, with decayed weights in the place of ratings.
    """

    kind = "item_knn"
    Settings = ItemKnnSettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """The own items that speak most for `item`, and the remainder."""
        check_pair(user, item, self._interests.shape)
        row = self._interests[user]
        added = row.data * self._alike[row.indices, item].toarray().ravel()
        return strongest(row.indices, added, float(added.sum()))

    def _read(self) -> None:
        items = self._interests.shape[1]
        alike = cosine_neighbours(self._interests.T.tocsr(), self.settings.neighbours)
        self._alike = csr_matrix(alike + identity(items, dtype=np.float64, format="csr"))

    def _score(self, users: Tensor) -> Tensor:
        return torch.from_numpy((self._interests[users.numpy()] @ self._alike).toarray())
