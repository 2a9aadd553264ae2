"""Candidates through the graph: those that the formula which learning starts from puts first."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.flagship.keys import ranges
from models.flagship.settings import LEAST_NEAR, LEAST_WALKS, RankerSettings
from models.flagship.standing import Standing

POOL_DEMAND = 0.25
"""An item is found through the graph when its demand at the longest half-life is at least this."""


class Similar:
    """The `settings.similar` first of each user by the formula; by nearness alone where it has no powers."""

    def __init__(self, standing: Standing, hop_mix: Tensor, settings: RankerSettings) -> None:
        self._standing, self._settings = standing, settings
        self._pool = np.flatnonzero(standing.demand[:, -1] >= POOL_DEMAND)
        mixed = torch.einsum("nhd,h->nd", standing.hops, hop_mix)
        self._users = mixed[: standing.users]
        self._items = mixed[standing.users + torch.from_numpy(self._pool)].T.contiguous()
        self._column = np.full(standing.items, -1, dtype=np.int64)
        self._column[self._pool] = np.arange(len(self._pool))

    def of(self, users: np.ndarray, walks: np.ndarray | None) -> np.ndarray:
        """Keys of (place in `users`, item row); `walks` [users, items] where the formula has them."""
        if not len(self._pool):
            return np.empty(0, dtype=np.int64)
        scores = self._users[torch.from_numpy(users)] @ self._items
        if self._settings.near_power:
            scores = self._by_formula(scores, walks)
        if not self._settings.again:
            self._leave_out(scores, users)
        best = torch.topk(scores, min(self._settings.similar, len(self._pool)), dim=1, sorted=False).indices.numpy()
        keys: np.ndarray = (np.arange(len(users))[:, None] * self._standing.items + self._pool[best]).ravel()
        return keys

    def _by_formula(self, near: Tensor, walks: np.ndarray | None) -> Tensor:
        """[users, pool] the formula to the power `1 / near_power`, which keeps its order; `near` the graph channel."""
        settings = self._settings
        recent = np.exp(settings.recency_power / settings.near_power * self._standing.recency[self._pool])
        scores = near.clamp_min(LEAST_NEAR) * torch.from_numpy(recent.astype(np.float32))
        if walks is None:
            return scores
        walked = np.maximum(LEAST_WALKS, walks[:, self._pool])
        return scores * torch.from_numpy(walked ** (settings.walk_power / settings.near_power))

    def _leave_out(self, scores: Tensor, users: np.ndarray) -> None:
        """Put what `users` have last in `scores` [users, pool]."""
        owned, items = self._standing.owned, self._standing.items
        start, end = (np.searchsorted(owned, (users + step) * items) for step in (0, 1))
        column = self._column[owned[ranges(start, end - start)] % items]
        row = np.repeat(np.arange(len(users)), end - start)
        scores[torch.from_numpy(row[column >= 0]), torch.from_numpy(column[column >= 0])] = -torch.inf
