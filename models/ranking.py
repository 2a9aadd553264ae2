"""Ranking all items for many users: exact, deterministic, in chunks that keep memory small."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch_geometric.data import HeteroData

from models.recommender import Ranking

INTERACTS = ("user", "interacts", "item")
CHUNK_SCORES = 6_000_000
"""Scores in memory at once; at float64 and with what top-k needs besides, well below 300 MB."""


def interest_matrix(graph: HeteroData, half_life: float) -> csr_matrix:
    """[users, items] float64 decayed weights at `half_life` days, items rising within a user, one entry for each edge.

    An edge whose weight has decayed to 0 keeps its entry. Raises ValueError for a half-life the graph does not hold,
    and for weights that are negative or not finite.
    """
    edges = graph[INTERACTS]
    weight = edges.weight[:, half_life_column(graph, half_life)].double()
    wrong = ~(torch.isfinite(weight) & (weight >= 0))
    if wrong.any():
        edge = int(wrong.nonzero()[0, 0])
        user, item = edges.edge_index[:, edge].tolist()
        raise ValueError(
            f"{int(wrong.sum())} edges have a weight that is no finite number of at least 0; "
            f"the first: user row {user}, item row {item}, weight {weight[edge].item()}"
        )
    shape = (int(graph["user"].num_nodes), int(graph["item"].num_nodes))
    users, items = edges.edge_index.numpy()
    matrix = csr_matrix((weight.numpy(), (users, items)), shape=shape)
    matrix.sort_indices()
    return matrix


def owned_pairs(graph: HeteroData) -> Tensor:
    """[2, n] int64 (user row, item row): all edges, those that models do not learn from (`left_out`) too."""
    edges = graph[INTERACTS]
    return torch.cat([edges.edge_index, edges.left_out], dim=1) if "left_out" in edges else edges.edge_index


def owned_matrix(graph: HeteroData) -> csr_matrix:
    """[users, items] with an entry for each of `owned_pairs`: what is not new to whom."""
    shape = (int(graph["user"].num_nodes), int(graph["item"].num_nodes))
    users, items = owned_pairs(graph).numpy()
    return csr_matrix((np.ones(len(users), dtype=bool), (users, items)), shape=shape)


def half_life_column(graph: HeteroData, half_life: float) -> int:
    """The column of `weight` that decays with `half_life` days; ValueError names those the graph holds."""
    for column, held in enumerate(graph.half_lives):
        if math.isclose(held, half_life, rel_tol=1e-9):
            return column
    raise ValueError(f"half-life {half_life:g} days is not in the graph, which holds {list(graph.half_lives)}")


def rank_items(
    score: Callable[[Tensor], Tensor], users: Tensor, k: int, *, shape: tuple[int, int], owned: csr_matrix | None = None
) -> Ranking:
    """The first `k` of all items for `users` [n], where `score(users [c])` gives a fresh tensor [c, items].

    `shape` is (users, items) of the graph. With `owned` [users, items], every item a user has an entry for is left
    out. Ties are broken by the lower row. Raises ValueError for rows outside the graph, `k` below 1 and NaN scores.
    """
    n_users, n_items = shape
    check_users(users, n_users)
    if k < 1:
        raise ValueError(f"k is {k}; at least 1 item has to be asked for")
    chunk = max(1, CHUNK_SCORES // max(1, n_items))
    parts = [_rank_chunk(score, part, k, owned) for part in users.split(chunk)] if len(users) else []
    items = torch.full((len(users), k), -1, dtype=torch.int64)
    scores = torch.full((len(users), k), -math.inf, dtype=torch.float64)
    if parts:
        width = parts[0].items.shape[1]
        items[:, :width] = torch.cat([part.items for part in parts])
        scores[:, :width] = torch.cat([part.scores for part in parts])
    return Ranking(items, scores)


def top_k(scores: Tensor, k: int) -> Ranking:
    """The `k` (at most the number of columns) largest of `scores` [n, items]; `-inf` counts as absent.

    Ties are broken by the lower row exactly, even where they straddle place `k`. Raises ValueError for NaN and +inf.
    """
    k = min(k, scores.shape[1])
    values, items = torch.topk(scores, min(k + 1, scores.shape[1]), dim=1)
    bad = torch.isnan(values).any(dim=1) | torch.isposinf(values).any(dim=1)  # top-k holds NaN for the largest number
    if bad.any():
        raise ValueError(f"{int(bad.sum())} of {len(scores)} users have scores that are NaN or infinite")
    if k < scores.shape[1]:
        straddling = (values[:, k - 1] == values[:, k]).nonzero()[:, 0]
        values, items = values[:, :k].clone(), items[:, :k].clone()
        if len(straddling):
            items[straddling] = _lowest_of_ties(scores[straddling], values[straddling, -1:], k)
    items = items.sort(dim=1).values
    ordered = scores.gather(1, items).sort(dim=1, descending=True, stable=True)
    values, items = ordered.values.double(), items.gather(1, ordered.indices)
    return Ranking(items.masked_fill(torch.isneginf(values), -1), values)


def check_users(users: Tensor, n_users: int) -> None:
    """Raise ValueError unless `users` is [n] int64 rows of a graph with `n_users`."""
    if users.dtype != torch.int64 or users.dim() != 1:
        raise ValueError(f"users are rows, int64 [n]; these are {users.dtype} {list(users.shape)}")
    unknown = users[(users < 0) | (users >= n_users)]
    if len(unknown):
        raise ValueError(f"unknown user rows {unknown[:5].tolist()}: the graph has {n_users} users")


def check_pair(user: int, item: int, shape: tuple[int, int]) -> None:
    """Raise ValueError unless both are rows of a graph of `shape` (users, items)."""
    check_users(torch.tensor([user]), shape[0])
    if not 0 <= item < shape[1]:
        raise ValueError(f"unknown item row {item}: the graph has {shape[1]} items")


def positions(matrix: csr_matrix, users: Tensor) -> tuple[Tensor, Tensor]:
    """Where `matrix` has entries for `users` [n]: places in `users` and item rows, both [entries]."""
    part = matrix[users.numpy()]
    places = np.repeat(np.arange(len(users)), np.diff(part.indptr))
    return torch.from_numpy(places), torch.from_numpy(part.indices.astype(np.int64))


def _rank_chunk(score: Callable[[Tensor], Tensor], users: Tensor, k: int, owned: csr_matrix | None) -> Ranking:
    scores = score(users)
    if owned is not None:
        scores[positions(owned, users)] = -math.inf
    return top_k(scores, k)


def _lowest_of_ties(scores: Tensor, threshold: Tensor, k: int) -> Tensor:
    """[n, k] item rows: all above `threshold` [n, 1], then the lowest rows that equal it."""
    above, equal = scores > threshold, scores == threshold
    places_left = k - above.sum(dim=1, keepdim=True)
    chosen = above | (equal & (equal.cumsum(dim=1, dtype=torch.int32) <= places_left))
    return chosen.nonzero()[:, 1].view(len(scores), k)
