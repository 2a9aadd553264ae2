"""Popularity: everyone is recommended what all users together care about most just now."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.explanation import explanation
from models.ranking import check_pair, interest_matrix, owned_matrix, rank_items
from models.recommender import FitReport, Ranking, Recommender, Slice
from models.state import State


class Popularity(Recommender):
    """An item's score is `Σ_u w_ui`, the decayed weights of all users at `half_life` days.

    It has no learned weights: `fit`, `update` and `stand_on` all count the graph they are given. `half_life` has to be
    one the graph holds, else ValueError.
    """

    kind = "popularity"

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
        self._scores = torch.from_numpy(popularity(self._interests))

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        return rank_items(
            lambda part: self._scores.expand(len(part), -1).clone(),
            users,
            k,
            shape=self._interests.shape,
            owned=self._owned if new_only else None,
        )

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """Two channels: what the user's own edge adds, and what all others' edges do."""
        check_pair(user, item, self._interests.shape)
        own = float(self._interests[user, item])
        return explanation({"other users": float(self._scores[item]) - own, "own edge": own})

    def state(self) -> State:
        return State(self.kind, {"half_life": self.half_life})

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> Popularity:
        recommender = cls(half_life=float(str(state.settings["half_life"])))
        recommender.stand_on(graph)
        return recommender


def popularity(interests: object) -> np.ndarray:
    """[items] float64: the column sums of `interests` [users, items], a scipy sparse matrix."""
    return np.asarray(interests.sum(axis=0), dtype=np.float64).ravel()  # type: ignore[attr-defined]
