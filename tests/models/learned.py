"""Every recommender, learned from the toy shop once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch_geometric.data import HeteroData

from models.catalogue import rebuild
from models.recommender import Ranking, Recommender
from models.state import State
from tests.models.contestants import CONTESTANTS, Contestant
from tests.models.toy import N_USERS, shop

EVERYONE = torch.arange(N_USERS)


def those(are: Callable[[Contestant], bool] = lambda contestant: True) -> pytest.MarkDecorator:
    """Run a test for each contestant that `are` admits."""
    return pytest.mark.parametrize("contestant", [one for one in CONTESTANTS if are(one)], ids=str)


@cache
def learned(contestant: Contestant) -> State:
    return contestant.fitted().state()


def fresh(contestant: Contestant, graph: HeteroData | None = None) -> Recommender:
    """Learned from the toy shop, standing on `graph` (default: the toy shop)."""
    return rebuild(learned(contestant), shop() if graph is None else graph)


def same(one: Ranking, other: Ranking) -> bool:
    return torch.equal(one.items, other.items) and torch.equal(one.scores, other.scores)
