"""Popularity: everyone is recommended what all users together care about most just now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from models.baselines.counting import Counting
from models.explanation import explanation
from models.ranking import check_pair


@dataclass(frozen=True, kw_only=True)
class PopularitySettings:
    half_life: float


class Popularity(Counting):
    """An item's score is `Σ_u w_ui`, the decayed weights of all users at `half_life` days."""

    kind = "popularity"
    Settings = PopularitySettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """Two channels: what the user's own edge adds, and what all others' edges do."""
        check_pair(user, item, self._interests.shape)
        own = float(self._interests[user, item])
        return explanation({"other users": float(self._scores[item]) - own, "own edge": own})

    def _read(self) -> None:
        self._scores = torch.from_numpy(popularity(self._interests))

    def _score(self, users: Tensor) -> Tensor:
        return self._scores.expand(len(users), -1).clone()


def popularity(interests: csr_matrix) -> np.ndarray:
    """[items] float64: the column sums of `interests` [users, items]."""
    return np.asarray(interests.sum(axis=0), dtype=np.float64).ravel()
