"""From scored rows to lists: the first k of each user, filled with what is most demanded where candidates are few."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from models.flagship.candidates import candidates
from models.flagship.inputs import build_rows
from models.flagship.keys import ranges
from models.flagship.network import ChannelNetwork
from models.flagship.settings import RankerSettings
from models.flagship.standing import Standing
from models.ranking import top_k
from models.recommender import Ranking

CHUNK_USERS = 256
"""Users scored at once: some 130,000 rows."""


@torch.no_grad()
def rank(
    standing: Standing, network: ChannelNetwork, users: Tensor, k: int, settings: RankerSettings, *, new_only: bool
) -> Ranking:
    """The first `k` of all items for `users` [n]: candidates by their scores, then all others by demand.

    Without what they have where `new_only` asks for that, or where nothing is taken again.
    """
    items = torch.full((len(users), k), -1, dtype=torch.int64)
    scores = torch.full((len(users), k), -math.inf, dtype=torch.float64)
    for first in range(0, len(users), CHUNK_USERS):
        part = users[first : first + CHUNK_USERS].numpy()
        best = _rank_chunk(standing, network, part, k, settings, new_only)
        items[first : first + len(part), : best.items.shape[1]] = best.items
        scores[first : first + len(part), : best.items.shape[1]] = best.scores
    _fill(standing, users.numpy(), items, scores, new_only=new_only or not settings.again)
    return Ranking(items, scores)


def _rank_chunk(
    standing: Standing, network: ChannelNetwork, users: np.ndarray, k: int, settings: RankerSettings, new_only: bool
) -> Ranking:
    found = candidates(standing, users, network.hop_mix.detach(), settings)
    place, item, rows = found.place, found.item, build_rows(standing, users, found)
    score = network(rows).double()
    if new_only:
        score = score.masked_fill(torch.from_numpy(_owned(standing, users[place], item)), -math.inf)
    counts = np.bincount(place, minlength=len(users))
    column = torch.from_numpy(ranges(np.zeros(len(users), dtype=np.int64), counts))
    dense = torch.full((len(users), int(counts.max(initial=0))), -math.inf, dtype=torch.float64)
    dense[rows.user, column] = score
    owner = torch.full(dense.shape, -1, dtype=torch.int64)
    owner[rows.user, column] = torch.from_numpy(item)
    best = top_k(dense, k)  # columns rise with item rows: ties go to the lower row
    return Ranking(owner.gather(1, best.items.clamp_min(0)).masked_fill(best.items < 0, -1), best.scores)


def _owned(standing: Standing, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """[n] bool: the user has an edge to the item."""
    return np.isin(users * standing.items + items, standing.owned)


def _fill(standing: Standing, users: np.ndarray, items: Tensor, scores: Tensor, *, new_only: bool) -> None:
    """Behind a user's last candidate: the remaining items by demand, each scored 1 below the one before."""
    short = (items < 0).any(dim=1).nonzero()[:, 0].tolist()
    order = np.argsort(-standing.demand[:, 0], kind="stable") if short else np.empty(0, dtype=np.int64)
    for row in short:
        found = int((items[row] >= 0).sum())
        excluded = items[row, :found].numpy()
        if new_only:
            start, end = np.searchsorted(standing.owned, np.array([users[row], users[row] + 1]) * standing.items)
            excluded = np.concatenate([excluded, standing.owned[start:end] % standing.items])
        rest = order[~np.isin(order, excluded)][: items.shape[1] - found]
        last = float(scores[row, found - 1]) if found else 0.0
        items[row, found : found + len(rest)] = torch.from_numpy(rest.copy())
        scores[row, found : found + len(rest)] = last - torch.arange(1, len(rest) + 1, dtype=torch.float64)
