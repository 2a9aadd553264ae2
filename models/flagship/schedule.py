"""How lessons are learned: for how long, and in which steps."""

from __future__ import annotations

from dataclasses import dataclass

from models.flagship.settings import RankerSettings


@dataclass(frozen=True)
class Schedule:
    """Passes over lessons, and Adam's step size, which with `fade` falls along half a cosine.

    Embeddings that are learned on (`Ends.begin`) have a step size of their own. `negatives` is the share of items not
    taken that lessons hold; `distill` weighs staying near the scores of a teacher, where rows have one.
    """

    epochs: int
    learning_rate: float
    negatives: float
    fade: bool = False
    embedding_learning_rate: float = 0.0
    distill: float = 0.0


def in_full(settings: RankerSettings) -> Schedule:
    """That of a fit."""
    return Schedule(
        settings.epochs,
        settings.learning_rate,
        settings.negatives,
        fade=True,
        embedding_learning_rate=settings.embedding_learning_rate,
    )


def going_on(settings: RankerSettings) -> Schedule:
    """That of an update."""
    return Schedule(
        settings.update_epochs,
        settings.update_learning_rate,
        settings.negatives,
        embedding_learning_rate=settings.embedding_learning_rate,
        distill=settings.distill,
    )
