"""The watch's section of params.yaml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from models.watch.sequential import WatchRules
from models.watch.violations import ViolationRule
from pipelines.params.durations import Duration
from pipelines.params.section import Section, Share


class DriftParams(Section):
    """Thresholds of what is measured daily; a signal above its own is violated."""

    psi: NonNegativeFloat
    divergence: Share
    cold_users: Share
    cold_items: Share
    embedding: Share


class WatchParams(Section):
    margin: Annotated[float, Field(ge=0, lt=1)]
    typical_loss: Annotated[float, Field(gt=0, le=1)]
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    min_users: Annotated[int, Field(ge=2)]
    min_days: Annotated[int, Field(ge=2)]
    cool_off: Duration
    drift: DriftParams
    violations: PositiveInt
    of_days: PositiveInt

    @model_validator(mode="after")
    def _can_happen(self) -> WatchParams:
        if self.violations > self.of_days:
            raise ValueError(f"{self.violations} violations cannot come on {self.of_days} days")
        return self

    def rules(self) -> WatchRules:
        return WatchRules(**self.model_dump(include={"margin", "typical_loss", "alpha", "min_users", "min_days"}))

    def retrain_rule(self) -> ViolationRule:
        return ViolationRule(violations=self.violations, days=self.of_days)
