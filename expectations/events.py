"""What a window's events promise: the event contract."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
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
from expectations.promise import (
    FINITE,
    Suite,
    columns_exist,
    first_copy,
    inside,
    known,
    mark_copies,
    not_empty,
    promise,
)
from expectations.validation import Validation
from features.schema import EVENT_TYPES, EVENTS

FAR = 3.0
"""An outlier lies this many times beyond the window's own quantile."""

IN_CATALOGUE = "in_catalogue"


def check_events(
    events: pd.DataFrame,
    *,
    start: datetime,
    end: datetime,
    catalogue: AbstractSet[str],
    max_refused: float,
    outlier_quantile: float,
) -> Validation:
    """Hold a window's events against the contract; `catalogue` has the `item_id` of every item known so far."""
    shape = [columns_exist(list(EVENTS)), not_empty("event")]
    if not set(EVENTS) <= set(events.columns):
        return check(events, Suite("events", shape), max_refused=max_refused)
    marked = mark_copies(events, ["event_id"])
    # not Series.isin: against 92,331 strings it takes a second, a set some milliseconds
    marked[IN_CATALOGUE] = np.array([item in catalogue for item in events["item_id"]], bool) | events["item_id"].isna()
    promises = [*_who_and_when(start, end), *_what(), *_amounts(), *_worth_a_look(events, outlier_quantile)]
    return check(marked, Suite("events", shape, promises), max_refused=max_refused)


def _who_and_when(start: datetime, end: datetime) -> list[Expectation]:
    return [
        *(known(column) for column in ("event_id", "user_id", "event_type", "occurred_at")),
        first_copy("event_id", "event_id"),
        inside("occurred_at", start, end),
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
            "every event but a search names an item_id",
            column="item_id",
            row_condition=Column("event_type") != "search",
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


def _worth_a_look(events: pd.DataFrame, quantile: float) -> list[Expectation]:
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
        )
    ]
    for column in ("quantity", "value"):
        bound = FAR * _quantile(events[column], quantile)
        expectations.append(
            promise(
                ExpectColumnValuesToBeBetween,
                f"{column}-near",
                f"{column} is at most {bound:g}, {FAR:g} times the window's {quantile} quantile",
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
