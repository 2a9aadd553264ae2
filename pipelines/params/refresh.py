"""The section `refresh` of params.yaml: what a graph keeps, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator

from features.kinds import BY_NAME
from features.rules import Rules
from features.schema import EVENT_TYPES
from pipelines.params.durations import Duration
from pipelines.params.section import Section


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
