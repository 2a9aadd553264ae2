"""Candidates from the groups that a user favours."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.flagship.groups import Group
from models.flagship.keys import ranges

FAVOURITES = 32
"""Groups of a user that candidates come from, and how many of each one's items are looked at."""
PER_GROUP = 12


class Favoured:
    """The `k` largest of (affinity at the longest half-life) × (item's share of the group's demand at the shortest)."""

    def __init__(self, group: Group, k: int) -> None:
        self._group, self._k = group, k
        self._leaders, self._share = _leaders(group)

    def of(self, users: np.ndarray, items: int) -> np.ndarray:
        """Keys of (place in `users`, one of `items` rows)."""
        affinity = torch.from_numpy(_dense_affinity(self._group, users))
        liked = torch.topk(affinity, min(FAVOURITES, self._group.count), dim=1)
        scores = (liked.values[:, :, None] * self._share[liked.indices]).flatten(1)
        best = torch.topk(scores, min(self._k, scores.shape[1]), dim=1, sorted=False)
        found = self._leaders[liked.indices].flatten(1).gather(1, best.indices)
        places = torch.arange(len(users))[:, None].expand_as(found)
        keys: np.ndarray = (places * items + found)[(found >= 0) & (best.values > 0)].numpy()
        return keys


def _leaders(group: Group) -> tuple[Tensor, Tensor]:
    """[groups, PER_GROUP] the items with the largest shares of each group, -1 where there are fewer; the shares."""
    share = group.share[:, 0]
    members = np.flatnonzero((group.of >= 0) & (share > 0))
    order = members[np.lexsort((-share[members], group.of[members]))]
    owner = group.of[order]
    place = np.arange(len(order)) - np.searchsorted(owner, owner)
    kept = place < PER_GROUP
    leaders = np.full((group.count, PER_GROUP), -1, dtype=np.int64)
    shares = np.zeros((group.count, PER_GROUP))
    leaders[owner[kept], place[kept]] = order[kept]
    shares[owner[kept], place[kept]] = share[order[kept]]
    return torch.from_numpy(leaders), torch.from_numpy(shares)


def _dense_affinity(group: Group, users: np.ndarray) -> np.ndarray:
    """[users, groups] weights at the longest half-life."""
    first = np.searchsorted(group.keys, users * group.count)
    counts = np.searchsorted(group.keys, (users + 1) * group.count) - first
    at = ranges(first, counts)
    dense = np.zeros((len(users), group.count))
    dense[np.repeat(np.arange(len(users)), counts), group.keys[at] % group.count] = group.affinity[at, -1]
    return dense
