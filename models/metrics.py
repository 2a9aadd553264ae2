"""How good a ranking is: full-ranking metrics for each user, on all items and on items new to the user.

Järvelin & Kekäläinen 2002 for NDCG, with binary relevance. All items are ranked, none sampled (Krichene & Rendle 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.ranking import owned_pairs
from models.recommender import Ranking, Recommender

SLICES = ("all", "new")
"""All next pairs; and those the user has no edge for yet, ranked with the user's own items left out."""


@dataclass(frozen=True)
class UserMetrics:
    """Metrics at `k` of each user with at least one relevant item in the slice; all tensors have one entry a user.

    `users` int64 rows, rising. `ndcg`, `recall`, `hit` float64 in [0, 1], NaN for a user whose list has NaN scores:
    such a list has no order. `coverage` is the share of all items that stand in at least one of these users' lists.
    """

    users: Tensor
    ndcg: Tensor
    recall: Tensor
    hit: Tensor
    coverage: float
    k: int

    def __post_init__(self) -> None:
        lengths = {len(self.users), len(self.ndcg), len(self.recall), len(self.hit)}
        if len(lengths) > 1:
            raise ValueError(f"metrics of one slice have different numbers of users: {sorted(lengths)}")

    def per_user(self) -> dict[str, Tensor]:
        """Each user's metrics by name, for example `ndcg_at_20`."""
        values = {"ndcg": self.ndcg, "recall": self.recall, "hit_rate": self.hit}
        return {f"{name}_at_{self.k}": value for name, value in values.items()}

    def summary(self) -> dict[str, float]:
        """Means over users by name, and `coverage_at_k`; NaN where there are no users."""
        means = {name: float(value.double().mean()) for name, value in self.per_user().items()}
        return means | {f"coverage_at_{self.k}": self.coverage if len(self.users) else float("nan")}


Evaluation = Mapping[str, UserMetrics]
"""The metrics of one recommender by slice."""


def evaluate(recommender: Recommender, truth_pairs: Tensor, graph: HeteroData, k: int) -> dict[str, UserMetrics]:
    """Metrics at `k` by slice of what `recommender`, standing on `graph`, recommends.

    `truth_pairs` [2, n] int64 (user row, item row) is what users did next; repeated pairs count once. Users born after
    the graph are not judged; items born after it count as relevant, and as missed. The users of a slice depend on
    `truth_pairs` and `graph` alone, so that they are the same for all recommenders.
    """
    return {name: evaluate_slice(name, recommender, truth_pairs, graph, k) for name in SLICES}


def evaluate_slice(name: str, recommender: Recommender, truth_pairs: Tensor, graph: HeteroData, k: int) -> UserMetrics:
    """One of the slices of `evaluate`."""
    pairs = _distinct(truth_pairs)
    pairs = pairs[:, pairs[0] < graph["user"].num_nodes]
    relevant = pairs if name == "all" else pairs[:, ~_owned(pairs, graph)]
    users = relevant[0].unique()
    ranking = recommender.recommend(users, k, new_only=name == "new")
    return measure(ranking, users, relevant, k=k, n_items=graph["item"].num_nodes)


def measure(ranking: Ranking, users: Tensor, relevant: Tensor, *, k: int, n_items: int) -> UserMetrics:
    """Metrics of `ranking` [users, k] against the distinct pairs `relevant` [2, n], each user of which is in `users`.

    With rel_r ∈ {0, 1} the relevance at place r and R the user's number of relevant items:
    NDCG@k = Σ_{r≤k} rel_r / log2(r+1) over Σ_{r≤min(k, R)} 1 / log2(r+1); Recall@k = Σ rel_r / R (so that its best is
    k/R where R > k); hit = 1 where any rel_r is. Raises ValueError for a list that names an item twice.
    """
    _check_lists(ranking, users, k)
    relevance = _relevance(ranking.items, users, relevant)
    n_relevant = torch.bincount(torch.searchsorted(users, relevant[0]), minlength=len(users))
    discount = 1 / torch.log2(torch.arange(2, k + 2, dtype=torch.float64))
    ideal = discount.cumsum(0)[n_relevant.clamp(1, k) - 1]
    hits = relevance.sum(dim=1)
    undefined = torch.isnan(ranking.scores).any(dim=1)
    values = ((relevance * discount).sum(dim=1) / ideal, hits / n_relevant, (hits > 0).double())
    ndcg, recall, hit = (value.masked_fill(undefined, float("nan")) for value in values)
    shown = ranking.items[ranking.items >= 0].unique()
    coverage = len(shown) / n_items if n_items else float("nan")
    return UserMetrics(users, ndcg, recall, hit, coverage, k)


def _relevance(items: Tensor, users: Tensor, relevant: Tensor) -> Tensor:
    """[users, k] float64: 1 where the pair is in `relevant`."""
    width = 1 + max(int(items.max()) if items.numel() else 0, int(relevant[1].max()) if relevant.numel() else 0)
    asked = users[:, None] * width + items
    return (torch.isin(asked, relevant[0] * width + relevant[1]) & (items >= 0)).double()


def _distinct(pairs: Tensor) -> Tensor:
    if pairs.dtype != torch.int64 or pairs.dim() != 2 or len(pairs) != 2:
        raise ValueError(f"pairs are int64 [2, n]; these are {pairs.dtype} {list(pairs.shape)}")
    if pairs.numel() and int(pairs.min()) < 0:
        raise ValueError(f"pairs hold rows, which are never negative; the least is {int(pairs.min())}")
    return pairs.unique(dim=1)


def _owned(pairs: Tensor, graph: HeteroData) -> Tensor:
    """[n] bool: the pair is an edge of `graph`."""
    edges = owned_pairs(graph)
    width = 1 + max(int(graph["item"].num_nodes), int(pairs[1].max()) if pairs.numel() else 0)
    return torch.isin(pairs[0] * width + pairs[1], edges[0] * width + edges[1])


def _check_lists(ranking: Ranking, users: Tensor, k: int) -> None:
    if ranking.items.shape != (len(users), k) or ranking.scores.shape != ranking.items.shape:
        raise ValueError(
            f"a ranking of {len(users)} users at {k} has shape {[len(users), k]}; "
            f"this has items {list(ranking.items.shape)} and scores {list(ranking.scores.shape)}"
        )
    ordered = ranking.items.sort(dim=1).values
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(dim=1)
    if twice.any():
        raise ValueError(f"the list of user row {int(users[twice][0])} names an item twice")
