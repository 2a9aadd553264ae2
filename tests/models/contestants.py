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


CONTESTANTS = (
    Contestant("popularity", baseline("popularity", half_life=21.0), personal=False, discovers=False, exact=True),
    Contestant("personal_decay", baseline("personal_decay", half_life=56.0), discovers=False, exact=True),
    Contestant(
        "ials",
        baseline("ials", factors=4, regularization=0.1, alpha=5.0, half_life=21.0, iterations=20, seed=7),
    ),
    Contestant("interest_ranker", interest_ranker),
)
