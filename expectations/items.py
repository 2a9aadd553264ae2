"""What a window's items promise."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from great_expectations.expectations import ExpectColumnValuesToBeBetween

from expectations.check import check
from expectations.promise import FINITE, Suite, columns_exist, first_copy, inside, known, mark_copies, promise, readable
from expectations.validation import Validation
from features.schema import LANDED


def check_items(items: pd.DataFrame, *, start: datetime, end: datetime, max_refused: float) -> Validation:
    """Hold the items that become valid in a window against the contract; there may be none."""
    shape = [columns_exist(list(LANDED["items"]))]
    if not set(LANDED["items"]) <= set(items.columns):
        return check(items, Suite("items", shape), max_refused=max_refused)
    promises = [
        readable(),
        known("item_id"),
        known("valid_from"),
        inside("valid_from", start, end),
        first_copy("item_id", "item_id and valid_from"),
        promise(
            ExpectColumnValuesToBeBetween,
            "price-finite",
            "a price that is given is finite",
            column="price",
            **FINITE,
        ),
    ]
    return check(
        mark_copies(items, ["item_id", "valid_from"]), Suite("items", shape, promises), max_refused=max_refused
    )
