"""What a recommender must do whatever the metrics say: checks on graphs made for them (Ribeiro et al. 2020, CheckList).

Invariance: who a user is called changes nothing. Direction: more of something never lowers it, on the whole. Minimum
function: a user with one strong interest sees it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.ranking import INTERACTS
from models.recommender import Recommender
from models.shifted_graphs import favourites, renamed, with_fan, with_more
from models.state import State
from models.verdict import RuleOutcome, RuleResult

USERS = 100
"""How many users a check asks about, evenly spread over those who have something."""
TOLERANCE = 1e-6
NOTHING = 0.01
"""A mean loss of at most this share of how far a list's scores lie apart is none: where habits have a rhythm, one more
purchase also says that the next was due sooner, which may take a little from an honest model's favourites."""
Rebuild = Callable[[State, HeteroData], Recommender]


def check_behaviour(state: State, graph: HeteroData, k: int, rebuild: Rebuild) -> list[RuleResult]:
    """One result a check: PASS, or FAIL with what was seen. `rebuild` makes a recommender from a state and a graph."""
    checks = (_invariance, _direction, _minimum_function)
    return [check(state, graph, k, rebuild) for check in checks]


def _invariance(state: State, graph: HeteroData, k: int, rebuild: Rebuild) -> RuleResult:
    users = _some_users(graph)
    order = torch.arange(int(graph["user"].num_nodes)).flip(0)
    moved = {name: tensor[order] for name, tensor in state.tensors.items() if name in ("user_factors", "shift/user")}
    there = State(state.kind, state.settings, state.tensors | moved, state.tables, state.format)
    before = rebuild(state, graph).recommend(users, k)
    after = rebuild(there, renamed(graph, order)).recommend(order[users], k)
    other = (before.items != after.items) & ((before.scores - after.scores).abs() > TOLERANCE)
    changed = int(other.any(dim=1).sum())
    said = f"of {len(users)} users renamed, {changed} got another list"
    return _told("invariance", not changed, said)


def _direction(state: State, graph: HeteroData, k: int, rebuild: Rebuild) -> RuleResult:
    pairs, recommender = favourites(graph, _some_users(graph)), rebuild(state, graph)
    before, after = (_scores(each, pairs) for each in (recommender, rebuild(state, with_more(graph, pairs))))
    lowered, mean = int((after < before - TOLERANCE).sum()), float((after - before).mean())
    spread = _spread(recommender.recommend(pairs[0], k).scores)
    share = mean / spread if spread > TOLERANCE else (0.0 if mean >= -TOLERANCE else -math.inf)
    said = f"one more purchase of what {pairs.shape[1]} users like best moves its score by {mean:+.4f} on average"
    return _told(
        "direction", share >= -NOTHING, f"{said} ({share:+.2%} of a list's spread), and lowers it for {lowered}"
    )


def _minimum_function(state: State, graph: HeteroData, k: int, rebuild: Rebuild) -> RuleResult:
    fan, row, liked = with_fan(graph)
    ranking = rebuild(state, fan).recommend(torch.tensor([row]), k)
    seen = int(torch.isin(ranking.items[0], liked).sum())
    return _told("minimum function", seen > 0, f"a new user of one strong interest sees {seen} items of it among {k}")


def _scores(recommender: Recommender, pairs: Tensor) -> Tensor:
    """[n] the score of each pair (user, item), by the channels that explain it."""
    return torch.tensor([float(recommender.explain(user, item)["value"].sum()) for user, item in pairs.T.tolist()])


def _spread(scores: Tensor) -> float:
    """The mean standard deviation of the finite scores of a list [users, k]."""
    finite = [row[torch.isfinite(row)] for row in scores]
    return float(torch.stack([row.std(correction=0) for row in finite if len(row)] or [torch.zeros(())]).mean())


def _some_users(graph: HeteroData) -> Tensor:
    users = graph[INTERACTS].edge_index[0].unique()
    return users[torch.linspace(0, len(users) - 1, min(USERS, len(users))).long()]


def _told(name: str, holds: bool, said: str) -> RuleResult:
    outcome: RuleOutcome = "PASS" if holds else "FAIL"
    return RuleResult(f"behaviour: {name}", outcome, f"{name}: {said}")
