"""What a window's events promise: the event contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from great_expectations.expectations import (
    ExpectColumnMaxToBeBetween,
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from expectations.check import check
from expectations.marks import IN_CATALOGUE, OF_ONESELF, TOO_FAST, Before, mark
from expectations.promise import (
    FINITE,
    Suite,
    columns_exist,
    first_copy,
    known,
    not_empty,
    not_too_late,
    not_yet_to_come,
    promise,
    readable,
)
from expectations.validation import Validation
from features.schema import EVENT_TYPES, LANDED

FAR = 3.0
"""An outlier lies this many times beyond the window's own quantile."""


@dataclass(frozen=True)
class Limits:
    """What a batch may hold: `max_refused` share of refused rows; more `max_moments_a_minute` of one user, and amounts
    far beyond the `outlier_quantile`, are told."""

    max_refused: float
    outlier_quantile: float
    max_moments_a_minute: int


def check_events(
    events: pd.DataFrame,
    *,
    start: datetime,
    end: datetime,
    earliest: datetime,
    before: Before,
    limits: Limits,
) -> Validation:
    """Hold the events that arrived in a window against the contract; those since `earliest` may still be late."""
    shape = [columns_exist(list(LANDED["events"])), not_empty("event")]
    if not set(LANDED["events"]) <= set(events.columns):
        return check(events, Suite("events", shape), max_refused=limits.max_refused)
    promises = [*_who_and_when(start, end, earliest), *_what(), *_amounts(), *_worth_a_look(events, limits)]
    marked = mark(events, before, limits.max_moments_a_minute)
    return check(marked, Suite("events", shape, promises), max_refused=limits.max_refused)


def _who_and_when(start: datetime, end: datetime, earliest: datetime) -> list[Expectation]:
    return [
        readable(),
        *(known(column) for column in ("event_id", "user_id", "event_type", "occurred_at")),
        first_copy("event_id", "event_id in the same revision, and none accepted earlier has a higher one"),
        promise(
            ExpectColumnValuesToBeBetween,
            "revision-not-negative",
            "a revision is 0 or more",
            column="revision",
            min_value=0,
        ),
        not_too_late("occurred_at", earliest),
        not_yet_to_come("occurred_at", end),
        promise(
            ExpectColumnMaxToBeBetween,
            "clock-forward",
            f"the newest event is not older than the window's start {start:%Y-%m-%d %H:%M} UTC: the source's clock"
            " has not run backwards",
            scope="batch",
            column="occurred_at",
            min_value=start,
        ),
    ]


def _what() -> list[Expectation]:
    return [
        promise(
            ExpectColumnValuesToBeInSet,
            "event-type-in-set",
            f"event_type is one of {', '.join(EVENT_TYPES)}",
            column="event_type",
            value_set=list(EVENT_TYPES),
        ),
        promise(
            ExpectColumnValuesToNotBeNull,
            "item-known",
            "every event but a search names an item_id or a target_user_id",
            column="item_id",
            row_condition=(Column("event_type") != "search") & Column("target_user_id").is_null(),
        ),
        promise(
            ExpectColumnValuesToBeInSet,
            "target-is-another",
            "target_user_id is not the user_id: nobody follows themselves",
            column=OF_ONESELF,
            value_set=[False],
        ),
        promise(
            ExpectColumnValuesToNotBeNull,
            "query-known",
            "a search names its query",
            column="query",
            row_condition=Column("event_type") == "search",
        ),
    ]


def _amounts() -> list[Expectation]:
    """Only a purchase must have a quantity and a value; those of other events may be null, but never infinite."""
    purchase = Column("event_type") == "purchase"
    expectations = [
        promise(
            ExpectColumnValuesToBeBetween,
            "purchase-quantity-positive",
            "the quantity of a purchase is above 0",
            column="quantity",
            min_value=0,
            strict_min=True,
            row_condition=purchase,
        )
    ]
    for column in ("quantity", "value"):
        expectations += [
            promise(
                ExpectColumnValuesToBeBetween,
                f"{column}-finite",
                f"{column} is finite",
                column=column,
                **FINITE,
            ),
            promise(
                ExpectColumnValuesToNotBeNull,
                f"purchase-{column}-known",
                f"a purchase has a {column}",
                column=column,
                row_condition=purchase,
            ),
        ]
    return expectations


def _worth_a_look(events: pd.DataFrame, limits: Limits) -> list[Expectation]:
    """Warnings: the rows are accepted."""
    expectations = [
        promise(
            ExpectColumnValuesToBeInSet,
            "item-in-catalogue",
            "every item_id is in the catalogue",
            scope="batch",
            severity="warning",
            column=IN_CATALOGUE,
            value_set=[True],
        ),
        promise(
            ExpectColumnValuesToBeInSet,
            "pace-human",
            f"no user acts at more than {limits.max_moments_a_minute} moments within a minute; bots do",
            scope="batch",
            severity="warning",
            column=TOO_FAST,
            value_set=[False],
        ),
    ]
    for column in ("quantity", "value"):
        bound = FAR * _quantile(events[column], limits.outlier_quantile)
        expectations.append(
            promise(
                ExpectColumnValuesToBeBetween,
                f"{column}-near",
                f"{column} is at most {bound:g}, {FAR:g} times the window's {limits.outlier_quantile} quantile",
                scope="batch",
                severity="warning",
                column=column,
                max_value=bound,
            )
        )
    return expectations


def _quantile(amounts: pd.Series, quantile: float) -> float:
    """A value that occurs, so that one huge row in a small window does not hide behind itself."""
    numbers = pd.to_numeric(amounts, errors="coerce").to_numpy(float)  # a column of another type fails at its promises
    finite = numbers[np.isfinite(numbers)]
    return max(float(np.quantile(finite, quantile, method="lower")), 1.0) if len(finite) else 1.0
