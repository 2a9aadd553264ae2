"""The sections of params.yaml on the data: the calendar, where events come from, and what is held against them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import PositiveInt, field_validator

from pipelines.params.durations import Duration
from pipelines.params.section import Section, Share


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
