"""iALS times how much of an item's demand is recent: the fair control for what a graph that fades is given for free."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.baselines.ials import Ials, IalsSettings
from models.explanation import strongest
from models.ranking import check_pair, interest_matrix


@dataclass(frozen=True, kw_only=True)
class RecencyIalsSettings(IalsSettings):
    """`recent` is the half-life (days) of what counts as recent demand, `power` how much it matters; 0: not at all."""

    recent: float
    power: float


class RecencyIals(Ials):
    """A score is that of iALS times `m_i ^ power`, `m_i = (Σ_u w_ui + 1/4) / (Σ_u w′_ui + 1)`: the weights at the
    `recent` half-life over those at the longest one."""

    kind = "recency_ials"
    Settings = RecencyIalsSettings
    _recency: Tensor

    def stand_on(self, graph: HeteroData) -> None:
        super().stand_on(graph)
        recent, lasting = (
            np.asarray(interest_matrix(graph, half_life).sum(axis=0)).ravel()
            for half_life in (self.settings.recent, max(graph.half_lives))
        )
        recency = ((recent + 0.25) / (lasting + 1)) ** self.settings.power
        self._recency = torch.from_numpy(recency.astype(np.float32))

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """As iALS, each part times the item's recency."""
        check_pair(user, item, self._interests.shape)
        own, added = self._contributions(user, item)
        return strongest(own, added * float(self._recency[item]), float(self._score(torch.tensor([user]))[0, item]))

    def _score(self, users: Tensor) -> Tensor:
        return super()._score(users) * self._recency
