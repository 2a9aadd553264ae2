"""All that an update measures of one recommender: every slice, every metric, from two rankings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.list_metrics import ListFacts, list_facts, list_values, overall_values
from models.metrics import SLICES, UserMetrics, judged_pairs, measure, owned
from models.recommender import Ranking, Recommender
from models.slices import Labels, slices_of, within


@dataclass(frozen=True)
class Examination:
    """What users took next, cut into slices, and what the graph says of lists: put once, the same for all models.

    `relevant` [2, n] by slice; those of `new` are ranked with users' own items left out.
    """

    graph: HeteroData
    k: int
    relevant: Mapping[str, Tensor]
    facts: ListFacts


@dataclass(frozen=True)
class Examined:
    """Metrics by slice, and the lists `ranking` [users, k] of all who were judged."""

    slices: Mapping[str, UserMetrics]
    users: Tensor
    ranking: Ranking


def examination(
    truth_pairs: Tensor,
    graph: HeteroData,
    k: int,
    *,
    families: tuple[str, ...] = (),
    labels: Labels | None = None,
    told: Mapping[str, Tensor] | None = None,
) -> Examination:
    """Of `truth_pairs` [2, n] int64 (user row, item row): users born after the graph are not judged, items born after
    it count as missed. `told` are pairs by slice that the graph knows nothing of; those of the truth count."""
    pairs = judged_pairs(truth_pairs, graph)
    relevant = {"all": pairs, "new": pairs[:, ~owned(pairs, graph)]}
    parts = slices_of(pairs, graph, families, labels or Labels())
    parts |= {name: within(pairs, some) for name, some in (told or {}).items()}
    found = {name: pairs[:, mask] for name, mask in parts.items() if mask.any()}
    return Examination(graph, k, relevant | found, list_facts(graph))


def examine(recommender: Recommender, asked: Examination) -> Examined:
    """What `recommender`, standing on the examination's graph, recommends, and its metrics by slice."""
    lists = {name: _lists(recommender, name, asked) for name in SLICES}
    found = {name: _measure(lists[name], asked.relevant[name], asked) for name in SLICES}
    everybody = lists["all"]
    for name in [each for each in asked.relevant if each not in SLICES]:
        part = everybody.of(asked.relevant[name][0].unique())
        found[name] = _measure(part, asked.relevant[name], asked)
    return Examined(found, everybody.users, everybody.ranking)


@dataclass(frozen=True)
class _Lists:
    """`users` rising, what they are recommended, and what these lists are like, whatever was right about them."""

    users: Tensor
    ranking: Ranking
    values: Mapping[str, Tensor]

    def of(self, users: Tensor) -> _Lists:
        """Those of some of the users."""
        at = torch.searchsorted(self.users, users)
        ranking = Ranking(self.ranking.items[at], self.ranking.scores[at])
        return _Lists(users, ranking, {name: values[at] for name, values in self.values.items()})


def _lists(recommender: Recommender, name: str, asked: Examination) -> _Lists:
    users = asked.relevant[name][0].unique()
    ranking = recommender.recommend(users, asked.k, new_only=name == "new")
    return _Lists(users, ranking, list_values(ranking, users, asked.facts, asked.k))


def _measure(lists: _Lists, relevant: Tensor, asked: Examination) -> UserMetrics:
    n_items = asked.graph["item"].num_nodes
    accuracy = measure(lists.ranking, lists.users, relevant, k=asked.k, n_items=n_items)
    overall = dict(accuracy.overall) | overall_values(lists.ranking, lists.users, relevant, asked.k)
    return replace(accuracy, values={**accuracy.values, **lists.values}, overall=overall)
