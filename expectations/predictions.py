"""What published lists promise: all of it is the batch's, a list is published whole or not at all."""

from __future__ import annotations

import pandas as pd
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeInSet,
    ExpectCompoundColumnsToBeUnique,
)
from great_expectations.expectations.expectation import Expectation

from expectations.check import check
from expectations.promise import FINITE, Suite, columns_exist, known, not_empty, promise
from expectations.validation import Validation

COLUMNS = ["user_id", "rank", "item_id", "score"]
GAPLESS, FALLING = "is_gapless", "is_falling"


def check_predictions(lists: pd.DataFrame, *, k: int) -> Validation:
    """Hold `lists` (user_id, rank from 1, item_id, score), at most `k` rows a user, against its promises."""
    suite = Suite("predictions", [columns_exist(COLUMNS), not_empty("recommendation")])
    lists = lists.reset_index(drop=True)
    if set(COLUMNS) <= set(lists.columns):
        lists = _marked(lists)
        suite.promises.extend(known(name, scope="batch", name="lists-known") for name in COLUMNS)
        suite.promises.extend(_promises(k))
    return check(lists, suite)


def _marked(lists: pd.DataFrame) -> pd.DataFrame:
    """With helper columns: does the rank follow the one before it, and is the score no higher?"""
    ordered = lists.sort_values(["user_id", "rank"], kind="stable")
    users = ordered.groupby("user_id", sort=False)
    gapless = ordered["rank"] == users.cumcount() + 1
    # compares false with a NaN on either side; a list's first row has nothing before it
    falling = (ordered["score"] <= users["score"].shift()) | (users.cumcount() == 0)
    return lists.assign(**{GAPLESS: gapless, FALLING: falling})


def _promises(k: int) -> list[Expectation]:
    flags = [
        (GAPLESS, "ranks-gapless", "the ranks of a user are 1, 2, 3, … without a gap or a repeat"),
        (FALLING, "scores-falling", "no score is above the one ranked before it"),
    ]
    return [
        promise(
            ExpectColumnValuesToBeBetween,
            "rank-in-range",
            f"rank is between 1 and {k}",
            scope="batch",
            column="rank",
            min_value=1,
            max_value=k,
        ),
        promise(
            ExpectColumnValuesToBeBetween, "score-finite", "score is finite", scope="batch", column="score", **FINITE
        ),
        promise(
            ExpectCompoundColumnsToBeUnique,
            "item-once",
            "a user is shown an item once",
            scope="batch",
            column_list=["user_id", "item_id"],
        ),
        *(
            promise(ExpectColumnValuesToBeInSet, name, reason, scope="batch", column=column, value_set=[True])
            for column, name, reason in flags
        ),
    ]
