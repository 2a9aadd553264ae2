"""The recommenders of this deployment, made from params."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from models.baselines.ials import Ials
from models.baselines.personal_decay import PersonalDecay
from models.baselines.popularity import Popularity
from models.catalogue import recommender_class
from models.flagship.settings import RankerSettings
from models.recommender import Recommender
from pipelines.params.learning import EvaluateParams, FitParams

BASELINES = ("popularity", "personal_decay", "ials")
"""What every candidate is measured beside, and has to beat the best of."""


def make_candidate(fit: FitParams) -> Recommender:
    """The flagship, untrained."""
    values = fit.model_dump(exclude={"slices"})
    spans = {name: days(getattr(fit, name)) for name in ("als_half_life", "hop_half_life")}
    settings = RankerSettings(**values | spans)
    made: Callable[[RankerSettings], Recommender] = recommender_class("interest_ranker")
    return made(settings)


def make_baselines(evaluate: EvaluateParams, seed: int) -> dict[str, Recommender]:
    """What every candidate has to be compared with, untrained, by the name its metrics bear."""
    ials = evaluate.ials.model_dump(exclude={"half_life"})
    return {
        "popularity": Popularity(half_life=days(evaluate.popularity_half_life)),
        "personal_decay": PersonalDecay(half_life=days(evaluate.personal_half_life)),
        "ials": Ials(**ials, half_life=days(evaluate.ials.half_life), seed=seed),
    }


def days(span: timedelta) -> float:
    return span / timedelta(days=1)
