"""Recommenders that learn one vector for each user and item; a score is their product."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.factorisation import Factors, check_factors
from models.ranking import interest_matrix, owned_matrix, rank_items
from models.recommender import FitReport, Ranking, Recommender, Slice
from models.state import State


class Factored(Recommender):
    """`fit` and `update` learn from the graph they are given and ignore the slices; `update` goes on from the present
    factors. An `update` without slices to the instant already learned changes nothing. Rows born since the last
    learning have factors of zero, so that nothing is known of them.

    `Settings` is a dataclass, of which `half_life` (days) has to be one the graph holds, else ValueError.
    """

    Settings: ClassVar[Any]

    def __init__(self, **settings: Any) -> None:
        self.settings = self.Settings(**settings)
        self._learned: Factors | None = None
        self._learned_at = -1

    @abstractmethod
    def _learn(self, graph: HeteroData, start: Factors | None) -> tuple[Factors, FitReport]:
        """The factors of `graph`, from nothing or going on from `start`, which may have fewer rows."""

    def fit(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        return self._keep(graph, None)

    def update(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        if self._learned is None:
            raise ValueError(f"this {self.kind} has no factors to go on from: fit it first")
        if not slices and graph.as_of == self._learned_at:
            self.stand_on(graph)
            return FitReport()
        return self._keep(graph, self._learned)

    def stand_on(self, graph: HeteroData) -> None:
        if self._learned is None:
            raise ValueError(f"this {self.kind} has no factors to rank with: fit it first")
        self._interests, self._owned = interest_matrix(graph, self.settings.half_life), owned_matrix(graph)
        shape = self._interests.shape
        if shape[0] < len(self._learned[0]) or shape[1] < len(self._learned[1]):
            learned = (len(self._learned[0]), len(self._learned[1]))
            raise ValueError(f"the graph has {shape} users and items, fewer than the {learned} learned from")
        self._users, self._items = (_with_zeros(part, n) for part, n in zip(self._learned, shape, strict=True))

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        owned = self._owned if new_only else None
        return rank_items(self._score, users, k, shape=self._interests.shape, owned=owned)

    def state(self) -> State:
        if self._learned is None:
            raise ValueError(f"this {self.kind} has learned nothing yet: fit it first")
        users, items = (torch.from_numpy(part.copy()) for part in self._learned)
        settings = asdict(self.settings) | {"learned_at": self._learned_at}
        return State(self.kind, settings, {"user_factors": users, "item_factors": items})

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> Self:
        settings: dict[str, Any] = dict(state.settings)
        learned_at = settings.pop("learned_at")
        recommender = cls(**settings)
        factors = (state.tensors["user_factors"].numpy(), state.tensors["item_factors"].numpy())
        check_factors(factors)
        recommender._learned, recommender._learned_at = factors, learned_at
        recommender.stand_on(graph)
        return recommender

    def _keep(self, graph: HeteroData, start: Factors | None) -> FitReport:
        self._learned, report = self._learn(graph, start)
        self._learned_at = graph.as_of
        self.stand_on(graph)
        return report

    def _score(self, users: Tensor) -> Tensor:
        """[n, items], fresh: the scores of all items for `users` [n]."""
        return self._users[users] @ self._items.T


def _with_zeros(factors: np.ndarray, rows: int) -> Tensor:
    grown = torch.zeros(rows, factors.shape[1], dtype=torch.float32)
    grown[: len(factors)] = torch.from_numpy(factors)
    return grown
