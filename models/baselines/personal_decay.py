"""Personal decay: each user is recommended what they themselves cared about most, and lately."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from models.baselines.counting import Counting
from models.baselines.popularity import popularity
from models.explanation import explanation
from models.ranking import check_pair, positions


@dataclass(frozen=True, kw_only=True)
class PersonalDecaySettings:
    half_life: float


class PersonalDecay(Counting):
    """An item's score is the user's own decayed weight `w_ui` at `half_life` days: hard to beat where people buy again.

    Items the user has no edge to fill the places behind, in the order of popularity at the same half-life: their score
    is minus their place in it (−1, −2, …), strictly below every own weight. With `new_only` it is therefore the order
    of popularity. Source: the P-TopFreq baseline of next-basket research (Li et al., "A Next Basket Recommendation
    Reality Check", 2023), here with exponential decay in the place of plain counts.
    """

    kind = "personal_decay"
    Settings = PersonalDecaySettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """One channel: the own edge, or the place in the order of popularity where there is none."""
        check_pair(user, item, self._interests.shape)
        row = self._interests[user]
        if item in row.indices:
            return explanation({"own edge": float(row[0, item])})
        return explanation({"popularity place": float(self._fill[item])})

    def _read(self) -> None:
        order = np.argsort(-popularity(self._interests), kind="stable")
        self._fill = torch.empty(len(order), dtype=torch.float64)
        self._fill[torch.from_numpy(order)] = -torch.arange(1, len(order) + 1, dtype=torch.float64)

    def _score(self, users: Tensor) -> Tensor:
        scores = self._fill.expand(len(users), -1).clone()
        scores[positions(self._interests, users)] = torch.from_numpy(self._interests[users.numpy()].data)
        return scores
