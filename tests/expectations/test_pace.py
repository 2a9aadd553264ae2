"""Who acts faster than a person can."""

from __future__ import annotations

import pandas as pd
import pytest

from expectations.pace import too_fast

START = pd.Timestamp("2024-01-07T12:00:00Z")


def events(*rows: tuple[str, float]) -> pd.DataFrame:
    """Rows of (user, seconds after START)."""
    times = [START + pd.Timedelta(seconds=seconds) for _, seconds in rows]
    return pd.DataFrame(
        {"user_id": [user for user, _ in rows], "occurred_at": pd.Series(times, dtype="datetime64[us, UTC]")}
    )


@pytest.mark.parametrize(("moments", "told"), [(5, False), (6, True)])
def test_more_moments_in_a_minute_than_allowed_are_told(moments: int, told: bool) -> None:
    rows = [("bot", 2.0 * number) for number in range(moments)]
    assert too_fast(events(*rows, ("ann", 3)), 5).tolist() == [told] * moments + [False]


def test_a_whole_basket_at_one_moment_is_one() -> None:
    assert not too_fast(events(*[("ann", 0.0)] * 100), 5).any()


def test_as_many_moments_over_more_than_a_minute_are_fine() -> None:
    assert not too_fast(events(*[("ann", 12.0 * number) for number in range(6)]), 5).any()


def test_the_pace_of_one_user_is_not_anothers() -> None:
    rows = [(user, 4.0 * number) for number in range(4) for user in ("ann", "bob", "cy")]
    assert not too_fast(events(*rows), 5).any()


def test_rows_without_user_or_time_are_nobodys() -> None:
    table = events(*[("ann", float(number)) for number in range(10)])
    assert not too_fast(table.assign(user_id=None).astype({"user_id": "str"}), 5).any()
    timeless = pd.Series([pd.NaT] * 10, dtype="datetime64[us, UTC]")
    assert not too_fast(table.assign(occurred_at=timeless), 5).any()
