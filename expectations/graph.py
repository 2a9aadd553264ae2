"""What the edges of an interest graph promise: all of it is the batch's, a graph has no rows to quarantine."""

from __future__ import annotations

import sys

import pandas as pd
from great_expectations.expectations import (
    ExpectColumnMaxToBeBetween,
    ExpectColumnPairValuesAToBeGreaterThanB,
    ExpectColumnValuesToBeBetween,
    ExpectCompoundColumnsToBeUnique,
)
from great_expectations.expectations.expectation import Expectation

from expectations.check import check
from expectations.promise import Suite, columns_exist, known, not_empty, promise
from expectations.validation import Validation

COLUMNS = ["user_row", "item_row", "count", "first_at", "last_at"]


def check_graph(edges: pd.DataFrame, *, n_users: int, n_items: int, as_of: int | None = None) -> Validation:
    """Hold `edges` (user_row, item_row, count, first_at, last_at, weight_…) against its promises.

    `n_users` and `n_items` bound the rows; `as_of`, in the unit of `last_at`, bounds the edges' time where given.
    """
    weights = [name for name in edges.columns if name.startswith("weight_")] or ["weight_"]
    columns = [*COLUMNS, *weights]
    suite = Suite("graph", [columns_exist(columns), not_empty("edge")])
    if set(columns) <= set(edges.columns):
        suite.promises.extend(known(name, scope="batch", name="edges-known") for name in columns)
        suite.promises.extend([*_rows(n_users, n_items), *_history(as_of), *map(_finite, weights)])
    return check(edges.reset_index(drop=True), suite)


def _rows(n_users: int, n_items: int) -> list[Expectation]:
    bounds = (("user_row", n_users), ("item_row", n_items))
    return [
        *(
            promise(
                ExpectColumnValuesToBeBetween,
                f"{column.replace('_', '-')}-in-range",
                f"{column} is one of the {count} rows of its nodes",
                scope="batch",
                column=column,
                min_value=0,
                max_value=count - 1,
            )
            for column, count in bounds
        ),
        promise(
            ExpectCompoundColumnsToBeUnique,
            "pair-once",
            "a user and an item have at most one edge",
            scope="batch",
            column_list=["user_row", "item_row"],
        ),
    ]


def _history(as_of: int | None) -> list[Expectation]:
    expectations = [
        promise(
            ExpectColumnValuesToBeBetween,
            "count-positive",
            "an edge counts at least one event",
            scope="batch",
            column="count",
            min_value=1,
            max_value=sys.maxsize,
        ),
        promise(
            ExpectColumnPairValuesAToBeGreaterThanB,
            "history-ordered",
            "last_at is not before first_at",
            scope="batch",
            column_A="last_at",
            column_B="first_at",
            or_equal=True,
        ),
    ]
    if as_of is not None:
        reason = f"no edge knows of an event at or after the graph's instant {as_of}"
        expectations.append(
            promise(
                ExpectColumnMaxToBeBetween,
                "nothing-later",
                reason,
                scope="batch",
                column="last_at",
                max_value=as_of,
                strict_max=True,
            )
        )
    return expectations


def _finite(column: str) -> Expectation:
    """Not above 0: what was bought and returned may weigh less than nothing, and an old weight may fade to 0."""
    return promise(
        ExpectColumnValuesToBeBetween,
        "weight-finite",
        f"{column} is finite",
        scope="batch",
        column=column,
        min_value=-sys.float_info.max,
        max_value=sys.float_info.max,
    )
