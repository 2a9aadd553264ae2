"""The sections `fit` and `evaluate` of params.yaml: how models learn, and on what they are compared."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from pipelines.params.durations import Duration
from pipelines.params.section import Section


class FitParams(Section):
    seed: int
    factors: PositiveInt
    regularization: PositiveFloat
    alpha: PositiveFloat
    als_half_life: Duration
    hop_half_life: Duration
    als_iterations: PositiveInt
    warm_iterations: PositiveInt
    slices: PositiveInt
    epochs: PositiveInt
    update_epochs: PositiveInt
    learning_rate: PositiveFloat
    update_learning_rate: PositiveFloat
    update_users: PositiveInt
    replay_rows: PositiveInt
    again: bool
    near_power: NonNegativeFloat
    walk_power: NonNegativeFloat
    recency_power: NonNegativeFloat
    hop_weight: NonNegativeFloat
    row_scale: Literal["unit", "mean"]
    graph_layer: Literal["symmetric", "interest_sum", "interest_mean"]
    text: bool
    demographics: bool
    embedding_learning_rate: NonNegativeFloat
    distill: NonNegativeFloat


class IalsParams(Section):
    factors: PositiveInt
    regularization: PositiveFloat
    alpha: PositiveFloat
    half_life: Duration
    iterations: PositiveInt


class EvaluateParams(Section):
    holdout: Duration
    bootstrap_holdout: Duration
    k: PositiveInt
    slices: tuple[str, ...]
    cohorts: NonNegativeInt
    popularity_half_life: Duration
    personal_half_life: Duration
    ials: IalsParams
