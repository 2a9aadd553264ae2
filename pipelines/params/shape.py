"""Settings of behaviour: what params.yaml holds, typed and frozen. A section bears the name of its step."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, model_validator

from features.kinds import USER_ITEM
from pipelines.params.data import CollectParams, ValidateParams, WindowParams
from pipelines.params.gate import GateParams
from pipelines.params.learning import EvaluateParams, FitParams
from pipelines.params.plan import PlanParams
from pipelines.params.promote import PromoteParams, PublishParams
from pipelines.params.refresh import RefreshParams
from pipelines.params.section import Section
from pipelines.params.watch import WatchParams


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
