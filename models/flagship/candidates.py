"""Which items are worth ranking for a user."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.flagship.settings import LEAST_NEAR, LEAST_WALKS, RankerSettings
from models.flagship.standing import Group, Standing

BLOCK = 64
"""Users at once: [block, pool] scores stay within some 20 MB."""
FAVOURITES = 32
"""Groups of a user that `favoured` candidates come from, and how many of each one's items are looked at."""
PER_GROUP = 12
POOL_DEMAND = 0.25
"""An item is found through the graph when its demand at the longest half-life is at least this."""


def candidates(
    standing: Standing, users: np.ndarray, hop_mix: Tensor, settings: RankerSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct (place in `users`, item row) pairs, sorted: history, most demanded, nearest, and of favoured groups.

    `hop_mix` [hops] weighs the hops of both ends in the graph channel's inner product. Where users take nothing
    `again`, what they have is left out.
    """
    places = np.arange(len(users))
    popular = _largest(standing.demand[:, 0], settings.popular)
    parts = [
        *([_history(standing, users)] if settings.again else []),
        np.repeat(places, len(popular)) * standing.items + np.tile(popular, len(users)),
        _similar(standing, users, hop_mix, settings),
        *(_favoured(standing, group, users, settings.favoured) for group in standing.groups.values()),
    ]
    keys = distinct(np.concatenate(parts))
    if not settings.again:
        keys = keys[~contains(standing.owned, users[keys // standing.items] * standing.items + keys % standing.items)]
    return keys // standing.items, keys % standing.items


def history_counts(standing: Standing, users: np.ndarray) -> np.ndarray:
    """[users] how many items each has an edge to."""
    return standing.start[users + 1] - standing.start[users]


def _history(standing: Standing, users: np.ndarray) -> np.ndarray:
    counts = history_counts(standing, users)
    edges = ranges(standing.start[users], counts)
    return np.repeat(np.arange(len(users)), counts) * standing.items + standing.item_of[edges]


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The concatenation of `start, start + 1, … start + count - 1` for each pair."""
    before = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(starts - before, counts)


def distinct(keys: np.ndarray) -> np.ndarray:
    """Sorted, each once; `np.unique` hashes first, which is some ten times slower here."""
    ordered = np.sort(keys)
    return ordered[np.concatenate([ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]])]


def contains(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """[wanted] whether each stands in the sorted `keys`."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    found: np.ndarray = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found


def _largest(values: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-values, kind="stable")[:k]


def _similar(standing: Standing, users: np.ndarray, hop_mix: Tensor, settings: RankerSettings) -> np.ndarray:
    """Those that the formula which learning starts from puts first; by nearness alone where it has no powers."""
    hoped = standing.demand[:, -1] >= POOL_DEMAND
    pool = torch.from_numpy(np.flatnonzero(hoped))
    if not len(pool):
        return np.empty(0, dtype=np.int64)
    mixed = torch.einsum("nhd,h->nd", standing.hops, hop_mix)
    items = mixed[standing.users + pool].T.contiguous()
    place_of = np.full(standing.items, -1, dtype=np.int64)
    place_of[pool.numpy()] = np.arange(len(pool))
    keys = []
    for first in range(0, len(users), BLOCK):
        rows = users[first : first + BLOCK]
        scores = mixed[torch.from_numpy(rows)] @ items
        if settings.near_power:
            scores = _by_formula(scores, standing, rows, pool.numpy(), settings)
        if not settings.again:
            _leave_out(scores, standing, rows, place_of)
        best = torch.topk(scores, min(settings.similar, len(pool)), dim=1, sorted=False).indices
        places = torch.arange(first, first + len(rows))[:, None]
        keys.append((places * standing.items + pool[best]).flatten().numpy())
    return np.concatenate(keys) if keys else np.empty(0, dtype=np.int64)


def _by_formula(
    near: Tensor, standing: Standing, users: np.ndarray, pool: np.ndarray, settings: RankerSettings
) -> Tensor:
    """[users, pool] the formula to the power `1 / near_power`, which keeps its order; `near` is the graph channel."""
    recent = np.exp(settings.recency_power / settings.near_power * standing.recency[pool])
    scores = near.clamp_min(LEAST_NEAR) * torch.from_numpy(recent.astype(np.float32))
    if standing.walks is None:
        return scores
    walks = np.maximum(LEAST_WALKS, standing.walks.strengths(users)[:, pool])
    return scores * torch.from_numpy(walks ** (settings.walk_power / settings.near_power))


def _leave_out(scores: Tensor, standing: Standing, users: np.ndarray, place_of: np.ndarray) -> None:
    """Put what `users` have last in `scores` [users, pool]; `place_of` [items] is an item's column, -1 for none."""
    start, end = (np.searchsorted(standing.owned, (users + step) * standing.items) for step in (0, 1))
    column = place_of[standing.owned[ranges(start, end - start)] % standing.items]
    row = np.repeat(np.arange(len(users)), end - start)
    scores[torch.from_numpy(row[column >= 0]), torch.from_numpy(column[column >= 0])] = -torch.inf


def _favoured(standing: Standing, group: Group, users: np.ndarray, k: int) -> np.ndarray:
    """The largest of (affinity at the longest half-life) × (item's share of the group's demand at the shortest)."""
    if not group.count:
        return np.empty(0, dtype=np.int64)
    leaders, share = _leaders(group)
    keys = []
    for first in range(0, len(users), BLOCK):
        rows = users[first : first + BLOCK]
        affinity = torch.from_numpy(_dense_affinity(group, rows))
        liked = torch.topk(affinity, min(FAVOURITES, group.count), dim=1)
        scores = (liked.values[:, :, None] * share[liked.indices]).flatten(1)
        best = torch.topk(scores, min(k, scores.shape[1]), dim=1, sorted=False)
        items = leaders[liked.indices].flatten(1).gather(1, best.indices)
        places = torch.arange(first, first + len(rows))[:, None].expand_as(items)
        found = (items >= 0) & (best.values > 0)
        keys.append((places * standing.items + items)[found].numpy())
    return np.concatenate(keys) if keys else np.empty(0, dtype=np.int64)


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
