"""Settings of behaviour: what params.yaml holds, typed and frozen. A section bears the name of its step."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from features.kinds import BY_NAME, USER_ITEM
from features.rules import Rules
from features.schema import EVENT_TYPES
from models.policy_terms import Mode, PolicyRules
from pipelines.params.durations import Duration
from pipelines.params.gate import GateParams
from pipelines.params.section import Section, Share
from pipelines.params.watch import WatchParams


class WindowParams(Section):
    first: date
    length: Duration

    @field_validator("length")
    @classmethod
    def _whole_days(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1) or value % timedelta(days=1):
            raise ValueError("a window lasts one or more whole days")
        return value


class CollectParams(Section):
    connector: Literal["complete_journey", "files"]


class ValidateParams(Section):
    max_refused: Share
    max_lateness: Duration
    max_moments_a_minute: PositiveInt
    outlier_quantile: Share


class RefreshParams(Section):
    half_lives: dict[str, tuple[Duration, ...]]
    event_weights: dict[str, float]
    click_within: Duration
    admit_after: PositiveInt
    expire_after: Duration
    verify_every: NonNegativeInt
    keep_mass: Annotated[float, Field(gt=0, le=1)]
    noise_score: NonNegativeFloat

    @field_validator("half_lives", mode="before")
    @classmethod
    def _of_all_kinds(cls, value: object) -> object:
        """A list is meant for every kind of edge."""
        return dict.fromkeys(BY_NAME, value) if isinstance(value, list | tuple) else value

    @field_validator("half_lives")
    @classmethod
    def _rising(cls, value: dict[str, tuple[timedelta, ...]]) -> dict[str, tuple[timedelta, ...]]:
        strangers = sorted(set(value) ^ set(BY_NAME))
        if strangers:
            raise ValueError(f"needs half-lives for each of {', '.join(BY_NAME)}; check {', '.join(strangers)}")
        for spans in value.values():
            if not spans or any(span <= timedelta() for span in spans) or list(spans) != sorted(set(spans)):
                raise ValueError("half-lives are positive, rising and different")
        return value

    @field_validator("event_weights")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        strangers = sorted(set(value) ^ set(EVENT_TYPES))
        if strangers:
            raise ValueError(f"needs exactly one weight for each event type; check {', '.join(strangers)}")
        wrong = [name for name, weight in value.items() if weight <= 0 and name != "return"]
        if wrong or value["return"] > 0:
            raise ValueError(f"a return takes back (0 or less), all else weighs more than 0; check {wrong or 'return'}")
        return value

    def rules(self) -> Rules:
        """What a graph keeps of this section."""
        return Rules(
            half_lives={name: tuple(map(_microseconds, spans)) for name, spans in self.half_lives.items()},
            click_within=_microseconds(self.click_within),
            expire_after=_microseconds(self.expire_after),
            **self.model_dump(include={"event_weights", "admit_after", "keep_mass", "noise_score"}),
        )


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


class PolicyParams(Section):
    skip_below: Share
    graph_only_below: Share
    psi_some: NonNegativeFloat
    psi_much: NonNegativeFloat
    max_forgetting: Share
    max_shadow_loss: Share
    full_every: PositiveInt
    shadow_every: NonNegativeInt
    cpu_budget: PositiveFloat | None

    @model_validator(mode="after")
    def _rising(self) -> PolicyParams:
        if self.skip_below > self.graph_only_below or self.psi_some > self.psi_much:
            raise ValueError("skip_below is at most graph_only_below, and psi_some at most psi_much")
        return self

    def rules(self) -> PolicyRules:
        budget = math.inf if self.cpu_budget is None else self.cpu_budget
        return PolicyRules(**self.model_dump(exclude={"cpu_budget"}), cpu_budget=budget)


class PlanParams(Section):
    mode: Mode | Literal["auto"]
    policy: PolicyParams


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


class FreezeRange(Section):
    """Days, both included, on which no window may end that is promoted."""

    from_: date = Field(alias="from")
    to: date
    reason: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> FreezeRange:
        if self.from_ > self.to:
            raise ValueError(f"the freeze ends ({self.to}) before it begins ({self.from_})")
        return self


class PromoteParams(Section):
    cool_down: Duration
    freeze: tuple[FreezeRange, ...]


class PublishParams(Section):
    k: PositiveInt


class Params(Section):
    """The whole of params.yaml."""

    window: WindowParams
    collect: CollectParams
    validate_: ValidateParams = Field(alias="validate")
    refresh: RefreshParams
    plan: PlanParams
    fit: FitParams
    evaluate: EvaluateParams
    gate: GateParams
    promote: PromoteParams
    publish: PublishParams
    watch: WatchParams

    @model_validator(mode="after")
    def _fits_together(self) -> Params:
        wrong = [*_strange_half_lives(self), *self.gate.strange_rules(self.evaluate.k)]
        if self.evaluate.holdout > self.window.length:
            wrong.append("evaluate.holdout is longer than window.length: there would be nothing left to learn from")
        if self.fit.walk_power and not self.fit.near_power:
            wrong.append("fit.walk_power is above 0 and fit.near_power is not: walks need nearness beside them")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def _strange_half_lives(params: Params) -> list[str]:
    evaluate, held = params.evaluate, params.refresh.half_lives[USER_ITEM.name]
    asked = {
        "fit.als_half_life": params.fit.als_half_life,
        "fit.hop_half_life": params.fit.hop_half_life,
        "evaluate.popularity_half_life": evaluate.popularity_half_life,
        "evaluate.personal_half_life": evaluate.personal_half_life,
        "evaluate.ials.half_life": evaluate.ials.half_life,
    }
    days = ", ".join(f"{half_life / timedelta(days=1):g}d" for half_life in held)
    return [
        f"{key} is not one of refresh.half_lives.user_item ({days})"
        for key, value in asked.items()
        if value not in held
    ]
