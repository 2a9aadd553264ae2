"""The flagship as the toy shop needs it, and its lessons."""

from __future__ import annotations

from dataclasses import replace

import torch

from models.flagship.ranker import InterestRanker
from models.flagship.settings import RankerSettings
from models.recommender import Slice
from models.state import State
from tests.models.toy import AS_OF, DAY_US, earlier, lessons, pairs, shop

SMALL = RankerSettings(
    factors=4,
    regularization=0.1,
    als_iterations=20,
    epochs=30,
    learning_rate=0.01,
    update_learning_rate=0.01,
    negatives=1.0,
    hidden=8,
)


def fitted(**changes: float) -> InterestRanker:
    """Learned from the toy shop's two lessons."""
    ranker = InterestRanker(replace(SMALL, **changes))  # type: ignore[arg-type]
    ranker.fit(lessons(), shop())
    return ranker


def with_tensor(state: State, name: str, tensor: torch.Tensor) -> State:
    """`state` with one tensor changed."""
    assert name in state.tensors
    return replace(state, tensors=state.tensors | {name: tensor})


def busy() -> InterestRanker:
    """Learned from a shop of 24 users and 60 items that is too large for orders to stay equal by chance."""
    bought = busy_purchases()
    taken = [pair for pair, ages in bought.items() if any(age <= 7 for age in ages)]
    before = shop(earlier(bought, 7.0), users=24, items=60, as_of=AS_OF - 7 * DAY_US)
    ranker = InterestRanker(replace(SMALL, epochs=40, learning_rate=0.03))
    ranker.fit([Slice(before, pairs(taken))], shop(bought, users=24, items=60))
    return ranker


def busy_purchases() -> dict[tuple[int, int], list[float]]:
    """Some 300 pairs with one to three purchases within 40 days; users prefer items of their own third."""
    draw = torch.Generator().manual_seed(11)
    bought: dict[tuple[int, int], list[float]] = {}
    for user in range(24):
        for _ in range(25):
            item = int(torch.randint(20, (1,), generator=draw)) + 20 * (user % 3)
            bought.setdefault((user, item), []).append(0.5 + 40 * float(torch.rand(1, generator=draw)))
    return bought
