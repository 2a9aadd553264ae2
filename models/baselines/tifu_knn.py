"""TIFU-kNN: what the user cares about, blended with what users like them do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from models.baselines.counting import Counting
from models.baselines.neighbours import cosine_neighbours, scaled
from models.explanation import explanation
from models.ranking import check_pair


@dataclass(frozen=True, kw_only=True)
class TifuKnnSettings:
    """`own`, in [0, 1], is the share of the user's own profile in a score."""

    half_life: float
    neighbours: int
    own: float


class TifuKnn(Counting):
    """A score is `own · v_u + (1 − own) · mean of v over the user's nearest neighbours`.

    A profile v is the user's weights at `half_life` days as shares of their sum. Source: Hu et al., "Modeling
    Personalized Item Frequency Information for Next-basket Recommendation", 2020 (TIFU-KNN). There, weights decay by
    basket and by group of baskets, and neighbours are nearest by Euclidean distance; here they decay with time, as all
    that the graph holds, and neighbours are nearest by cosine, the same order for profiles of one length.
    """

    kind = "tifu_knn"
    Settings = TifuKnnSettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """Two channels: the own profile, and the neighbours'."""
        check_pair(user, item, self._interests.shape)
        own = self.settings.own * float(self._profiles[user, item])
        others = (1 - self.settings.own) * float((self._shares[user] @ self._profiles)[0, item])
        return explanation({"own profile": own, "neighbours": others})

    def _read(self) -> None:
        self._profiles = scaled(self._interests, 1)
        near = cosine_neighbours(self._interests, self.settings.neighbours)
        self._shares = scaled(csr_matrix((np.ones(len(near.data)), near.indices, near.indptr), shape=near.shape), 1)

    def _score(self, users: Tensor) -> Tensor:
        rows = users.numpy()
        mine, others = self._profiles[rows], self._shares[rows] @ self._profiles
        return torch.from_numpy((self.settings.own * mine + (1 - self.settings.own) * others).toarray())
