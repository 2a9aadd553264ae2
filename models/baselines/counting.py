"""Recommenders that read everything off the graph they stand on, and keep nothing but their settings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

from scipy.sparse import csr_matrix
from torch import Tensor
from torch_geometric.data import HeteroData

from models.ranking import interest_matrix, owned_matrix, rank_items
from models.recommender import FitReport, Ranking, Recommender, Slice
from models.state import State


class Counting(Recommender):
    """`fit`, `update` and `stand_on` all read the graph they are given.

    `Settings` is a dataclass, of which `half_life` (days) has to be one the graph holds, else ValueError: the weights
    at that half-life are `_interests` [users, items].
    """

    Settings: ClassVar[Any]
    _interests: csr_matrix

    def __init__(self, **settings: Any) -> None:
        self.settings = self.Settings(**settings)

    @abstractmethod
    def _read(self) -> None:
        """Prepare what `_score` needs from `_interests`."""

    @abstractmethod
    def _score(self, users: Tensor) -> Tensor:
        """[n, items] float64, fresh: the scores of all items for `users` [n]."""

    def fit(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        self.stand_on(graph)
        return FitReport()

    def update(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        self.stand_on(graph)
        return FitReport()

    def stand_on(self, graph: HeteroData) -> None:
        self._interests = interest_matrix(graph, self.settings.half_life)
        self._owned = owned_matrix(graph)
        self._read()

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        return rank_items(self._score, users, k, shape=self._interests.shape, owned=self._owned if new_only else None)

    def state(self) -> State:
        return State(self.kind, asdict(self.settings))

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> Self:
        recommender = cls(**state.settings)
        recommender.stand_on(graph)
        return recommender
