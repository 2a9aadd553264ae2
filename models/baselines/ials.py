"""iALS: users and items as factors learned by alternating least squares; the competitor to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from torch_geometric.data import HeteroData

from models.baselines.factored import Factored
from models.explanation import strongest
from models.factorisation import Factors, factorise
from models.ranking import check_pair, interest_matrix
from models.recommender import FitReport


@dataclass(frozen=True, kw_only=True)
class IalsSettings:
    """`warm_iterations` are those of an `update`."""

    factors: int
    regularization: float
    alpha: float
    half_life: float
    iterations: int
    seed: int
    warm_iterations: int = 1


class Ials(Factored):
    """An item's score is `x_u · y_i`, factors learned from the decayed weights of the graph (`factorise`)."""

    kind = "ials"
    Settings: ClassVar[Any] = IalsSettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """The own items that speak most for `item` (`item <row>`), and the remainder.

        By section 5 of Hu, Koren & Volinsky 2008: `x_u = W_u Σ_j c_uj y_j`, so that own item j adds
        `c_uj · y_iᵀ W_u y_j`. The remainder holds further items, and what the graph has moved on since the learning.
        """
        check_pair(user, item, self._interests.shape)
        own, added = self._contributions(user, item)
        return strongest(own, added, float(self._users[user] @ self._items[item]))

    def _learn(self, graph: HeteroData, start: Factors | None) -> tuple[Factors, FitReport]:
        settings = self.settings
        learned = factorise(
            interest_matrix(graph, settings.half_life),
            factors=settings.factors,
            regularization=settings.regularization,
            alpha=settings.alpha,
            iterations=settings.iterations if start is None else settings.warm_iterations,
            seed=settings.seed,
            start=start,
        )
        return learned, FitReport()

    def _contributions(self, user: int, item: int) -> tuple[np.ndarray, np.ndarray]:
        row = self._interests[user]
        confidence = self.settings.alpha * row.data
        items = self._items.numpy().astype(np.float64)
        own = items[row.indices]
        system = items.T @ items + self.settings.regularization * np.eye(items.shape[1])
        system += own.T @ ((confidence - 1)[:, None] * own)
        return row.indices, confidence * (own @ np.linalg.solve(system, items[item]))
