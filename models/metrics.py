"""How good a ranking is: full-ranking metrics for each user, on all items and on items new to the user.

Järvelin & Kekäläinen 2002 for NDCG, with binary relevance. All items are ranked, none sampled (Krichene & Rendle 2020).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.metric_names import CUTOFFS
from models.ranking import owned_pairs
from models.recommender import Ranking, Recommender

SLICES = ("all", "new")
"""All next pairs; and those the user has no edge for yet, ranked with the user's own items left out."""


@dataclass(frozen=True)
class UserMetrics:
    """Metrics of each user with at least one relevant item in the slice.

    `users` int64 rows, rising. `values` by name, such as `ndcg_at_20`: float64, one entry a user, NaN for a user whose
    list has NaN scores: such a list has no order. `overall` are numbers of all these users' lists together, such as
    `coverage_at_20`. `k` is the length of the lists.
    """

    users: Tensor
    values: Mapping[str, Tensor]
    overall: Mapping[str, float] = field(default_factory=dict)
    k: int = 20

    def __post_init__(self) -> None:
        lengths = {len(self.users), *(len(value) for value in self.values.values())}
        if len(lengths) > 1:
            raise ValueError(f"metrics of one slice have different numbers of users: {sorted(lengths)}")

    @property
    def ndcg(self) -> Tensor:
        return self.values[f"ndcg_at_{self.k}"]

    @property
    def recall(self) -> Tensor:
        return self.values[f"recall_at_{self.k}"]

    def summary(self) -> dict[str, float]:
        """Means over users by name, and `overall`; NaN where there are no users."""
        means = {name: float(value.double().mean()) for name, value in self.values.items()}
        return means | {name: value if len(self.users) else float("nan") for name, value in self.overall.items()}


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
    pairs = judged_pairs(truth_pairs, graph)
    relevant = pairs if name == "all" else pairs[:, ~owned(pairs, graph)]
    users = relevant[0].unique()
    ranking = recommender.recommend(users, k, new_only=name == "new")
    return measure(ranking, users, relevant, k=k, n_items=graph["item"].num_nodes)


def measure(ranking: Ranking, users: Tensor, relevant: Tensor, *, k: int, n_items: int) -> UserMetrics:
    """Metrics of `ranking` [users, k] against the distinct pairs `relevant` [2, n], each user of which is in `users`.

    With rel_r ∈ {0, 1} the relevance at place r and R the user's number of relevant items, at each cutoff c:
    NDCG@c = Σ_{r≤c} rel_r / log2(r+1) over Σ_{r≤min(c, R)} 1 / log2(r+1); Recall@c = Σ rel_r / R (so that its best is
    c/R where R > c); hit rate: 1 where any rel_r is; MAP@c, the mean over users of Σ_{r≤c} rel_r · (Σ_{s≤r} rel_s / r)
    over min(c, R). Coverage@k is the share of all items that stand in at least one of these lists. Raises ValueError
    for a list that names an item twice.
    """
    _check_lists(ranking, users, k)
    relevance = relevance_of(ranking.items, users, relevant)
    n_relevant = torch.bincount(torch.searchsorted(users, relevant[0]), minlength=len(users))
    undefined = torch.isnan(ranking.scores).any(dim=1)
    values = {
        f"{name}_at_{cutoff}": value.masked_fill(undefined, float("nan"))
        for cutoff in (*(each for each in CUTOFFS if each < k), k)
        for name, value in _accuracy(relevance[:, :cutoff], n_relevant)
    }
    shown = ranking.items[ranking.items >= 0].unique()
    coverage = len(shown) / n_items if n_items else float("nan")
    return UserMetrics(users, values, {f"coverage_at_{k}": coverage}, k)


def judged_pairs(truth_pairs: Tensor, graph: HeteroData) -> Tensor:
    """[2, n] the distinct, sorted `truth_pairs` of users whom `graph` knows."""
    if truth_pairs.dtype != torch.int64 or truth_pairs.dim() != 2 or len(truth_pairs) != 2:
        raise ValueError(f"pairs are int64 [2, n]; these are {truth_pairs.dtype} {list(truth_pairs.shape)}")
    if truth_pairs.numel() and int(truth_pairs.min()) < 0:
        raise ValueError(f"pairs hold rows, which are never negative; the least is {int(truth_pairs.min())}")
    pairs = truth_pairs.unique(dim=1)
    return pairs[:, pairs[0] < graph["user"].num_nodes]


def owned(pairs: Tensor, graph: HeteroData) -> Tensor:
    """[n] bool: the pair is an edge of `graph`."""
    edges = owned_pairs(graph)
    width = 1 + max(int(graph["item"].num_nodes), int(pairs[1].max()) if pairs.numel() else 0)
    return torch.isin(pairs[0] * width + pairs[1], edges[0] * width + edges[1])


def relevance_of(items: Tensor, users: Tensor, relevant: Tensor) -> Tensor:
    """[users, k] float64: 1 where the pair of a user and an item of their list is in `relevant`."""
    width = 1 + max(int(items.max()) if items.numel() else 0, int(relevant[1].max()) if relevant.numel() else 0)
    asked = users[:, None] * width + items
    return (torch.isin(asked, relevant[0] * width + relevant[1]) & (items >= 0)).double()


def _accuracy(relevance: Tensor, n_relevant: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Each metric of lists whose places are relevant or not [users, cutoff], of users with `n_relevant` [users]."""
    cutoff = relevance.shape[1]
    places = torch.arange(1, cutoff + 1, dtype=torch.float64)
    discount, most = 1 / torch.log2(places + 1), n_relevant.clamp(1, cutoff)
    hits = relevance.sum(dim=1)
    yield "ndcg", (relevance * discount).sum(dim=1) / discount.cumsum(0)[most - 1]
    yield "recall", hits / n_relevant
    yield "hit_rate", (hits > 0).double()
    yield "map", (relevance * relevance.cumsum(dim=1) / places).sum(dim=1) / most


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
