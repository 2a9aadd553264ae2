"""The sections `fit` and `evaluate` of params.yaml: how models learn, and on what they are compared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from pipelines.params.durations import Duration
from pipelines.params.section import Section

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Factors = Annotated[int, Field(ge=1, le=4096)]
ReplayRows = Annotated[int, Field(ge=1, le=10**9)]
"""Numbers that are not a slip of the keyboard: the libraries' own limit, and what still fits a machine."""


class FitParams(Section):
    seed: Seed
    factors: Factors
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
    replay_rows: ReplayRows
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
    factors: Factors
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
