"""The sections `promote` and `publish` of params.yaml: when a version may begin to serve, and how long lists are."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from pipelines.params.durations import Duration
from pipelines.params.section import Section


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
