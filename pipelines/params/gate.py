"""The gate's section of params.yaml: rules of one form, read into those the gate asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, get_args

from pydantic import Field, NonNegativeFloat, PositiveInt, field_validator, model_validator

from models.gates.rules import Comparison, GateRules, Rival, Rule
from models.metric_names import known_metrics
from models.verdict import Severity
from pipelines.params.durations import Duration
from pipelines.params.section import Section

_LONGEST_WAIT = timedelta(weeks=52)
_LIMITS = ("floor", "ceiling", "gap")


class RuleParams(Section):
    """`metric`, on `slice` (a name, a pattern, or a list of them), and exactly one comparison."""

    metric: str
    slice: str | tuple[str, ...] = "all"
    floor: float | None = None
    ceiling: float | None = None
    gap: NonNegativeFloat | None = None
    not_worse_than: Rival | None = None
    better_than: Rival | None = None
    margin: NonNegativeFloat | None = None
    needs: Literal["proof", "no_harm"] = "proof"
    severity: Severity = "blocking"

    @model_validator(mode="after")
    def _one_comparison(self) -> RuleParams:
        asked = self._asked()
        if len(asked) != 1:
            known, has = ", ".join(get_args(Comparison)), ", ".join(asked) or "none"
            raise ValueError(f"needs exactly one of {known}; it has {has}")
        if asked[0] in _LIMITS and self.margin is not None:
            raise ValueError(f"a {asked[0]} has no margin")
        if asked[0] == "not_worse_than" and self.margin is None:
            raise ValueError("not_worse_than needs a margin: the share of the other's mean that may be lost")
        if asked[0] in ("floor", "ceiling") and self.needs == "no_harm":
            raise ValueError(f"a {asked[0]} is a plain bound; needs: no_harm is for what users can prove")
        return self

    def rule(self) -> Rule:
        (comparison,) = self._asked()
        limit = comparison in _LIMITS
        return Rule(
            metric=self.metric,
            comparison=comparison,
            bound=getattr(self, comparison) if limit else self.margin or 0.0,
            rival=None if limit else getattr(self, comparison),
            slices=(self.slice,) if isinstance(self.slice, str) else self.slice,
            needs=self.needs,
            severity=self.severity,
        )

    def _asked(self) -> list[Comparison]:
        return [name for name in get_args(Comparison) if getattr(self, name) is not None]


class GateParams(Section):
    """What the gate asks of a candidate; and whether, and for how long, a person is asked where it leaves one open."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: PositiveInt
    seed: int
    min_users: PositiveInt
    ask_human: bool
    ask_within: Duration
    rules: tuple[RuleParams, ...]

    @field_validator("rules")
    @classmethod
    def _some_block(cls, value: tuple[RuleParams, ...]) -> tuple[RuleParams, ...]:
        if not any(rule.severity == "blocking" for rule in value):
            raise ValueError("without a blocking rule nothing could ever pass")
        return value

    @field_validator("ask_within")
    @classmethod
    def _some_time(cls, value: timedelta) -> timedelta:
        if not timedelta() < value <= _LONGEST_WAIT:
            raise ValueError("a person has some time, such as 24h, and at most 52w")
        return value

    def settings(self) -> GateRules:
        return GateRules(
            rules=tuple(rule.rule() for rule in self.rules),
            **self.model_dump(exclude={"rules", "ask_human", "ask_within"}, mode="python"),
        )

    def strange_rules(self, k: int) -> list[str]:
        """What is wrong with rules for lists of `k`, told with the place of each."""
        known = known_metrics(k)
        found = []
        for place, rule in enumerate(self.rules):
            where = f"gate.rules.{place}"
            metric = known.get(rule.metric)
            if metric is None:
                found.append(f"{where} names {rule.metric}, but measured are {', '.join(known)}")
            elif metric.of == "model" and (
                rule.slice != "all" or "best_baseline" in (rule.better_than, rule.not_worse_than)
            ):
                found.append(f"{where}: {rule.metric} is of a model as a whole, on all, and of no baseline")
            elif rule.gap is not None and (metric.of != "user" or metric.lower_is_better):
                found.append(f"{where}: a gap is told of a metric of users that is better when higher")
        return found
