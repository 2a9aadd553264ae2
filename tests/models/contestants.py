"""The recommenders that the contract suite puts to the test, as they have to be set for the toy shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.catalogue import recommender_class
from models.recommender import Recommender
from tests.models.toy import lessons, shop


@dataclass(frozen=True)
class Contestant:
    """What can be asked of a kind. `personal`: own block first. `discovers`: the lacking item of the own block is first
    of the new ones. `exact`: counts the graph and learns no tensors, so that rows may be permuted and a score always
    rises with weight."""

    kind: str
    make: Callable[[], Recommender]
    personal: bool = True
    discovers: bool = True
    exact: bool = False

    def __str__(self) -> str:
        return self.kind

    def fitted(self) -> Recommender:
        recommender = self.make()
        recommender.fit(lessons(), shop())
        return recommender


def interest_ranker() -> Recommender:
    """The flagship, small and trained long enough for six users."""
    from models.flagship.settings import RankerSettings

    settings = RankerSettings(
        factors=4, regularization=0.1, als_iterations=20, epochs=60, learning_rate=0.01, negatives=1.0, hidden=8
    )
    return recommender_class("interest_ranker")(settings)  # type: ignore[call-arg]


def baseline(kind: str, **settings: float) -> Callable[[], Recommender]:
    return lambda: recommender_class(kind)(**settings)


IALS = {"factors": 4, "regularization": 0.1, "alpha": 5.0, "half_life": 21.0, "iterations": 20, "seed": 7}
CONTESTANTS = (
    Contestant("popularity", baseline("popularity", half_life=21.0), personal=False, discovers=False, exact=True),
    Contestant("personal_decay", baseline("personal_decay", half_life=56.0), discovers=False, exact=True),
    Contestant(
        "ials",
        baseline("ials", **IALS),
    ),
    Contestant("item_knn", baseline("item_knn", half_life=21.0, neighbours=8), exact=True),
    Contestant("tifu_knn", baseline("tifu_knn", half_life=21.0, neighbours=2, own=0.7), exact=True),
    Contestant("graph_filter", baseline("graph_filter", half_life=21.0, factors=2, ideal=0.3), exact=True),
    Contestant("recency_ials", baseline("recency_ials", **IALS, recent=7.0, power=0.2)),
    Contestant(
        "lightgcn",
        baseline(
            "lightgcn",
            half_life=21.0,
            factors=8,
            layers=2,
            epochs=60,
            batch_size=8,
            learning_rate=0.05,
            seed=7,
            regularization=1e-4,
        ),
    ),
    Contestant("interest_ranker", interest_ranker),
)
