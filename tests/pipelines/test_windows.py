"""The calendar: what is a window, and what is said of a date that is none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import WindowError
from pipelines.windows import Calendar

CALENDAR = Calendar(date(2017, 1, 1), timedelta(days=7))


def test_a_window_is_named_by_its_start_and_ends_where_the_next_starts() -> None:
    window = CALENDAR.window("2017-10-08")
    assert (window.name, window.end.date()) == ("2017-10-08", date(2017, 10, 15))
    assert CALENDAR.window("2017-10-15").start == window.end


@given(index=st.integers(0, 5000))
def test_every_window_is_found_by_its_name(index: int) -> None:
    window = CALENDAR.at(index)
    assert CALENDAR.window(window.name) == window
    assert CALENDAR.index(window) == index


def test_a_date_that_starts_no_window_is_refused_with_its_neighbours() -> None:
    with pytest.raises(WindowError, match=r"2017-10-08 or 2017-10-15"):
        CALENDAR.window("2017-10-10")


@pytest.mark.parametrize("name", ["2016-12-25", "soon", "2017-13-01", ""])
def test_what_is_no_window_is_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(WindowError, match="mend:"):
        CALENDAR.window(name)


def test_windows_until_a_start_leave_that_one_out() -> None:
    assert [window.name for window in CALENDAR.until("2017-01-15")] == ["2017-01-01", "2017-01-08"]
    assert CALENDAR.previous(CALENDAR.window("2017-01-01")) is None
