"""iALS: users and items as factors learned by alternating least squares, through `implicit`; the competitor to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from implicit.cpu.als import AlternatingLeastSquares
from implicit.recommender_base import ModelFitError
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch_geometric.data import HeteroData

from models.explanation import explanation
from models.ranking import check_pair, interest_matrix, owned_matrix, rank_items
from models.recommender import FitReport, Ranking, Recommender, Slice
from models.state import State

Factors = tuple[np.ndarray, np.ndarray]
"""User factors [users, factors] and item factors [items, factors], both float32."""

EXPLAINED_ITEMS = 10
"""Own items that `explain` names; the rest of the score is one channel."""


def factorise(
    interests: csr_matrix,
    *,
    factors: int,
    regularization: float,
    alpha: float,
    iterations: int,
    seed: int,
    start: Factors | None = None,
) -> Factors:
    """Factors after `iterations` of ALS on `interests` [users, items] (weights ≥ 0), from `start` or from small noise.

    Minimises `Σ_ui c_ui (p_ui − x_u·y_i)² + λ (Σ|x_u|² + Σ|y_i|²)` with p = 1, c = alpha·w on the entries of
    `interests` and p = 0, c = 1 elsewhere: Hu, Koren & Volinsky 2008, eq. 3, but c = alpha·w where they have
    1 + alpha·w, as `implicit` does; three conjugate-gradient steps each (Takács, Pilászy & Tikk 2011). `start` may have
    fewer rows than `interests`: the missing ones begin as small noise. Rows without entries end as zeros. One thread,
    and equal to the bit for equal input; `start` is left as it was. Raises ValueError for a `start` that does not fit
    and where the result is not finite.
    """
    noise = np.random.default_rng(seed)
    old = start or (np.empty((0, factors), dtype=np.float32), np.empty((0, factors), dtype=np.float32))
    first = [_extend(part, rows, factors, noise) for part, rows in zip(old, interests.shape, strict=True)]
    with threadpool_limits(1, "blas"):  # several BLAS threads slow implicit down, and it warns of them
        model = AlternatingLeastSquares(
            factors=factors,
            regularization=regularization,
            alpha=alpha,
            iterations=iterations,
            num_threads=1,
            random_state=seed,
        )
        model.user_factors, model.item_factors = first
        try:
            model.fit(interests, show_progress=False)
        except ModelFitError as error:
            raise ValueError(f"iALS gave factors that are not finite: {error}") from error
    check_factors((model.user_factors, model.item_factors))
    return model.user_factors, model.item_factors


def check_factors(factors: Factors) -> None:
    """Raise ValueError where a factor is NaN or infinite."""
    for name, part in zip(("user", "item"), factors, strict=True):
        wrong = np.flatnonzero(~np.isfinite(part).all(axis=1))
        if len(wrong):
            raise ValueError(f"{len(wrong)} {name} rows have factors that are not finite, the first: {wrong[0]}")


@dataclass(frozen=True, kw_only=True)
class IalsSettings:
    """`half_life` in days has to be one the graph holds; `warm_iterations` are those of an `update`."""

    factors: int
    regularization: float
    alpha: float
    half_life: float
    iterations: int
    seed: int
    warm_iterations: int = 1


class Ials(Recommender):
    """An item's score is `x_u · y_i`, factors learned from the decayed weights of the graph (`factorise`).

    `fit` and `update` learn from `graph` and ignore the slices; `update` goes on from the present factors for
    `warm_iterations`. An `update` without slices to the instant already learned changes nothing. Rows born since the
    last learning have factors of zero, so that nothing is known of them.
    """

    kind = "ials"

    def __init__(self, **settings: Any) -> None:
        """`settings` as in `IalsSettings`."""
        self.settings = IalsSettings(**settings)
        self._learned: Factors | None = None
        self._learned_at = -1

    def fit(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        return self._learn(graph, self.settings.iterations, start=None)

    def update(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        if self._learned is None:
            raise ValueError("this iALS has no factors to go on from: fit it first")
        if not slices and graph.as_of == self._learned_at:
            self.stand_on(graph)
            return FitReport()
        return self._learn(graph, self.settings.warm_iterations, start=self._learned)

    def stand_on(self, graph: HeteroData) -> None:
        if self._learned is None:
            raise ValueError("this iALS has no factors to rank with: fit it first")
        self._interests = interest_matrix(graph, self.settings.half_life)
        self._owned = owned_matrix(graph)
        shape = self._interests.shape
        if shape[0] < len(self._learned[0]) or shape[1] < len(self._learned[1]):
            learned = (len(self._learned[0]), len(self._learned[1]))
            raise ValueError(f"the graph has {shape} users and items, fewer than the {learned} learned from")
        self._users, self._items = (_with_zeros(part, n) for part, n in zip(self._learned, shape, strict=True))

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        return rank_items(
            lambda part: self._users[part] @ self._items.T,
            users,
            k,
            shape=self._interests.shape,
            owned=self._owned if new_only else None,
        )

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """The own items that speak most for `item` (`item <row>`), and the remainder.

        By section 5 of Hu, Koren & Volinsky 2008: `x_u = W_u Σ_j c_uj y_j`, so that own item j adds
        `c_uj · y_iᵀ W_u y_j`. The remainder holds further items, and what the graph has moved on since the learning.
        """
        check_pair(user, item, self._interests.shape)
        score = float(self._users[user] @ self._items[item])
        own, added = self._contributions(user, item)
        strongest = np.argsort(-np.abs(added), kind="stable")[:EXPLAINED_ITEMS]
        parts = {f"item {own[place]}": float(added[place]) for place in strongest}
        return explanation(parts | {"remainder": score - sum(parts.values())})

    def state(self) -> State:
        if self._learned is None:
            raise ValueError("this iALS has learned nothing yet: fit it first")
        users, items = (torch.from_numpy(part.copy()) for part in self._learned)
        settings = asdict(self.settings) | {"learned_at": self._learned_at}
        return State(self.kind, settings, {"user_factors": users, "item_factors": items})

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> Ials:
        settings: dict[str, Any] = dict(state.settings)
        learned_at = settings.pop("learned_at")
        recommender = cls(**settings)
        factors = (state.tensors["user_factors"].numpy(), state.tensors["item_factors"].numpy())
        check_factors(factors)
        recommender._learned, recommender._learned_at = factors, learned_at
        recommender.stand_on(graph)
        return recommender

    def _learn(self, graph: HeteroData, iterations: int, *, start: Factors | None) -> FitReport:
        settings = self.settings
        self._learned = factorise(
            interest_matrix(graph, settings.half_life),
            factors=settings.factors,
            regularization=settings.regularization,
            alpha=settings.alpha,
            iterations=iterations,
            seed=settings.seed,
            start=start,
        )
        self._learned_at = graph.as_of
        self.stand_on(graph)
        return FitReport()

    def _contributions(self, user: int, item: int) -> tuple[np.ndarray, np.ndarray]:
        row = self._interests[user]
        confidence = self.settings.alpha * row.data
        items = self._items.numpy().astype(np.float64)
        own = items[row.indices]
        system = items.T @ items + self.settings.regularization * np.eye(items.shape[1])
        system += own.T @ ((confidence - 1)[:, None] * own)
        return row.indices, confidence * (own @ np.linalg.solve(system, items[item]))


def _extend(old: np.ndarray, rows: int, factors: int, noise: np.random.Generator) -> np.ndarray:
    if old.shape[1:] != (factors,) or len(old) > rows:
        raise ValueError(f"factors {list(old.shape)} cannot start a factorisation of [{rows}, {factors}]")
    born = noise.random((rows - len(old), factors), dtype=np.float32) * np.float32(0.01)
    return np.concatenate([old.astype(np.float32), born])


def _with_zeros(factors: np.ndarray, rows: int) -> Tensor:
    grown = torch.zeros(rows, factors.shape[1], dtype=torch.float32)
    grown[: len(factors)] = torch.from_numpy(factors)
    return grown
