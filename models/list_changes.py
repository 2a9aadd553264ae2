"""How far two models' lists differ for the same users: rank-biased overlap (Webber, Moffat & Zobel 2010)."""

from __future__ import annotations

import torch
from torch import Tensor

PERSISTENCE = 0.9
"""How likely a reader goes on to the next place: the first ten then hold 86 % of the weight."""


def rank_biased_overlap(ours: Tensor, theirs: Tensor, *, persistence: float = PERSISTENCE) -> Tensor:
    """[users] float64 in [0, 1]: 1 for equal lists, 0 for lists without a common item.

    `ours` and `theirs` [users, k] int64 item rows, best first, −1 where a list is shorter. With X_d the number of items
    that the first d places have in common and p the persistence, extrapolated beyond k (eq. 23 of the paper):
    X_k/k · p^k + (1 − p)/p · Σ_{d≤k} X_d/d · p^d. An empty place is an item that nobody shares.
    """
    if ours.shape != theirs.shape:
        raise ValueError(f"lists of {list(ours.shape)} and {list(theirs.shape)} cannot be compared")
    users, k = ours.shape
    if not k:
        return torch.ones(users, dtype=torch.float64)
    same = (ours[:, :, None] == theirs[:, None, :]) & (ours >= 0)[:, :, None]
    # an item is common from the deeper of its two places on
    places = torch.arange(k)
    deeper = torch.maximum(places[:, None], places[None, :]).expand(users, k, k)
    common = torch.zeros(users, k, dtype=torch.float64)
    common.scatter_add_(1, deeper.reshape(users, -1), same.reshape(users, -1).double())
    depth = torch.arange(1, k + 1, dtype=torch.float64)
    agreement = common.cumsum(dim=1) / depth
    weight = persistence**depth
    tail = agreement[:, -1] * persistence**k
    return tail + (1 - persistence) / persistence * (agreement * weight).sum(dim=1)
