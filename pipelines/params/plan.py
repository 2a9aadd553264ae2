"""The section `plan` of params.yaml: how an update learns, or by which rules that is decided."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from models.policy_terms import Mode, PolicyRules
from pipelines.params.section import Section, Share


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
    mode: Literal[Mode, "auto"]
    policy: PolicyParams
