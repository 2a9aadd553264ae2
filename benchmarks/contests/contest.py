"""A contest: graphs in order of time and what users did after each, some to tune on and the last to be judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from features.graph import InterestGraph
from features.hetero import to_hetero
from models.catalogue import recommender_class
from models.flagship.settings import RankerSettings
from models.recommender import Recommender, Slice
from models.state import State

LESSONS = 6
"""From how many spans before a model learns what users did next."""
TUNING_USERS = 4000
"""So many users, the same for every model, are enough to choose settings by."""


@dataclass(frozen=True)
class Contest:
    """`graphs[t]` is as of the end of span t, `taken[t]` [2, n] (user row, item row) what users took in span t + 1.

    `tuning` and `testing` are the t at which models are judged, on `judged` ("all", "new"): tuning before testing.
    A model that learns from what users did next has for it the `lessons` spans before, from `first_lesson` on.
    """

    name: str
    graphs: Sequence[InterestGraph]
    taken: Sequence[Tensor]
    tuning: range
    testing: range
    judged: Sequence[str]
    first_lesson: int = 0
    lessons: int = LESSONS

    @cached_property
    def heteros(self) -> list[HeteroData]:
        return [to_hetero(graph) for graph in self.graphs]

    @cached_property
    def before_testing(self) -> dict[str, State]:
        """What models had learned before the first span for testing: all strategies but one start from it, and none
        counts what it cost."""
        return {}

    def slices(self, span: int) -> list[Slice]:
        """What may be learned from at `span`, oldest first."""
        first = max(self.first_lesson, span - self.lessons)
        return [Slice(self.heteros[before], self.taken[before]) for before in range(first, span)]

    @cached_property
    def taken_for_tuning(self) -> list[Tensor]:
        """`taken` of at most TUNING_USERS users of each span, drawn evenly."""
        return [pairs[:, torch.isin(pairs[0], drawn_users(pairs, TUNING_USERS))] for pairs in self.taken]


def untrained(kind: str, settings: Mapping[str, Any]) -> Recommender:
    """A recommender of that kind and those settings that has learned nothing."""
    made: Any = recommender_class(kind)
    recommender: Recommender = made(RankerSettings(**settings)) if kind == "interest_ranker" else made(**settings)
    return recommender


def drawn_users(pairs: Tensor, limit: int) -> Tensor:
    """At most `limit` of the user rows of `pairs` [2, n], drawn evenly and the same each time."""
    users = pairs[0].unique()
    return users[torch.randperm(len(users), generator=torch.Generator().manual_seed(7))[:limit]]
