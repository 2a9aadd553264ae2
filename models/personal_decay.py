"""Personal decay: each user is recommended what they themselves cared about most, and lately."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.explanation import explanation
from models.popularity import popularity
from models.ranking import check_pair, interest_matrix, owned_matrix, positions, rank_items
from models.recommender import FitReport, Ranking, Recommender, Slice
from models.state import State


class PersonalDecay(Recommender):
    """An item's score is the user's own decayed weight `w_ui` at `half_life` days: hard to beat where people buy again.

    Items the user has no edge to fill the places behind, in the order of popularity at the same half-life: their score
    is minus their place in it (−1, −2, …), strictly below every own weight. With `new_only` it is therefore the order
    of popularity. Nothing is learned: `fit`, `update` and `stand_on` all read the graph they are given. `half_life` has
    to be one the graph holds, else ValueError. Source: the P-TopFreq baseline of next-basket research (Li et al., "A
    Next Basket Recommendation Reality Check", 2023), here with exponential decay in the place of plain counts.
    """

    kind = "personal_decay"

    def __init__(self, *, half_life: float) -> None:
        self.half_life = float(half_life)

    def fit(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        self.stand_on(graph)
        return FitReport()

    def update(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        self.stand_on(graph)
        return FitReport()

    def stand_on(self, graph: HeteroData) -> None:
        self._interests = interest_matrix(graph, self.half_life)
        self._owned = owned_matrix(graph)
        order = np.argsort(-popularity(self._interests), kind="stable")
        self._fill = torch.empty(len(order), dtype=torch.float64)
        self._fill[torch.from_numpy(order)] = -torch.arange(1, len(order) + 1, dtype=torch.float64)

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        return rank_items(self._score, users, k, shape=self._interests.shape, owned=self._owned if new_only else None)

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """One channel: the own edge, or the place in the order of popularity where there is none."""
        check_pair(user, item, self._interests.shape)
        row = self._interests[user]
        if item in row.indices:
            return explanation({"own edge": float(row[0, item])})
        return explanation({"popularity place": float(self._fill[item])})

    def state(self) -> State:
        return State(self.kind, {"half_life": self.half_life})

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> PersonalDecay:
        recommender = cls(half_life=float(str(state.settings["half_life"])))
        recommender.stand_on(graph)
        return recommender

    def _score(self, users: Tensor) -> Tensor:
        scores = self._fill.expand(len(users), -1).clone()
        scores[positions(self._interests, users)] = torch.from_numpy(self._interests[users.numpy()].data)
        return scores
