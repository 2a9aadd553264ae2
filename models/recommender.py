"""The contract that every recommender, ours and the baselines, obeys; `tests/models/test_contract.py` holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd
from torch import Tensor
from torch_geometric.data import HeteroData

from models.state import State


@dataclass(frozen=True)
class Slice:
    """A lesson: the graph as of an instant, and what users did next.

    `graph` is the interest graph as of the slice's start; `next_pairs` [2, n] (user row, item row; distinct, sorted)
    are the pairs seen between that start and the slice's end. Rows may lie beyond `graph`'s: nodes born later.
    """

    graph: HeteroData
    next_pairs: Tensor


@dataclass
class FitReport:
    """What a fit tells of itself: `curves` maps a name to one number a step (an epoch or iteration)."""

    curves: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranking:
    """The first `k` items for each asked user, best first.

    `items` [users, k] int64 item rows, -1 where a user has fewer than k; `scores` [users, k] float64, -inf there.
    Ties are broken by the lower row.
    """

    items: Tensor
    scores: Tensor


class Recommender(ABC):
    """Learns from slices, ranks all items of the graph it stands on for any user row of it."""

    kind: str
    state_format: ClassVar[int] = 1
    """Counts up when states of before mean something else, or nothing, to this class."""

    @abstractmethod
    def fit(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        """Learn from nothing: `slices` oldest first, then stand on `graph`, which is as of the last slice's end."""

    @abstractmethod
    def update(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        """Go on learning from the present state: `slices` are what came since, `graph` is as of their end."""

    @abstractmethod
    def stand_on(self, graph: HeteroData) -> None:
        """Keep every learned weight and rank over `graph` (same rows, possibly more); nothing is learned."""

    @abstractmethod
    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        """Rank all items for `users` [n] (rows); with `new_only`, items the user has an edge to are left out."""

    @abstractmethod
    def explain(self, user: int, item: int) -> pd.DataFrame:
        """Why `item` has its score for `user`: columns `channel`, `value` (sums to the score), `share`."""

    @abstractmethod
    def state(self) -> State:
        """All that was learned; `from_state(state, graph)` gives an equal recommender."""

    @classmethod
    @abstractmethod
    def from_state(cls, state: State, graph: HeteroData) -> Recommender:
        """Rebuild from `state`, standing on `graph`."""
