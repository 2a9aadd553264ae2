"""What a window's users promise."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from expectations.check import check
from expectations.promise import Suite, columns_exist, first_copy, inside, known, mark_copies, readable
from expectations.validation import Validation
from features.schema import LANDED


def check_users(users: pd.DataFrame, *, start: datetime, end: datetime, max_refused: float) -> Validation:
    """Hold the users that become valid in a window against the contract; there may be none."""
    shape = [columns_exist(list(LANDED["users"]))]
    if not set(LANDED["users"]) <= set(users.columns):
        return check(users, Suite("users", shape), max_refused=max_refused)
    promises = [
        readable(),
        known("user_id"),
        known("valid_from"),
        inside("valid_from", start, end),
        first_copy("user_id", "user_id and valid_from"),
    ]
    return check(
        mark_copies(users, ["user_id", "valid_from"]), Suite("users", shape, promises), max_refused=max_refused
    )
