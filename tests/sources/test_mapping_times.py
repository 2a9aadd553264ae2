"""How a mapping reads times: of any form, unit and zone, and what is a fault."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.cells import at, read

ISO = {
    "2024-03-01T10:00:00Z": "2024-03-01T10:00:00Z",
    "2024-03-01 10:00:00+02:00": "2024-03-01T08:00:00Z",
    "2024-03-01T10:00+0530": "2024-03-01T04:30:00Z",
    "2024-03-01": "2024-03-01T00:00:00Z",
    " 2024-03-01T10:00:00.1234567891 ": "2024-03-01T10:00:00.123456Z",
    "2999-12-31T23:59:59Z": "2999-12-31T23:59:59Z",
    "1969-12-31T23:59:59.5": "1969-12-31T23:59:59.5Z",
}


@pytest.mark.parametrize("cell", ISO)
def test_an_iso_time_is_the_same_alone_and_among_others_of_any_form(cell: str) -> None:
    assert read([cell], "arrived_at")["arrived_at"].item() == at(ISO[cell])
    mixed = read([*ISO, "soon", cell], "arrived_at")
    assert mixed["arrived_at"].tolist() == [*map(at, ISO.values()), pd.NaT, at(ISO[cell])]
    assert mixed["fault"].notna().sum() == 1


@pytest.mark.parametrize("cell", ["2017", "20240301", 1_700_000_000, 1.7e9, True, "2024-02-30", "0000-01-01", "1:00"])
def test_a_bare_number_or_a_day_that_no_calendar_has_is_no_time(cell: Any) -> None:
    rows = read([cell, "2024-01-02"], "arrived_at")
    assert rows["arrived_at"].isna().tolist() == [True, False]
    assert "is no ISO 8601 time" in rows["fault"][0]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)))
def test_seconds_milliseconds_and_microseconds_give_the_instant_they_count(instant: datetime) -> None:
    micro = (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    wanted = pd.Timestamp(instant, tz="UTC")
    assert read([micro], "arrived_at", unit="us")["arrived_at"].item() == wanted
    assert read([str(micro)], "arrived_at", unit="us")["arrived_at"].item() == wanted
    assert read([micro // 1000], "arrived_at", unit="ms")["arrived_at"].item() == wanted.floor("ms")
    assert read([str(micro // 10**6)], "arrived_at", unit="s")["arrived_at"].item() == wanted.floor("s")


@pytest.mark.parametrize("cell", [10**18, "-99999999999999", "soon", "1e30", float("inf"), "2024-01-01"])
def test_a_number_beyond_the_years_1_to_9999_is_no_time(cell: Any) -> None:
    rows = read([cell, 0], "arrived_at", unit="s")
    assert rows["arrived_at"].tolist() == [pd.NaT, at("1970-01-01T00:00:00Z")]
    assert "is no time in s since 1970" in rows["fault"][0]


def test_a_fraction_of_a_second_is_kept_to_the_microsecond() -> None:
    rows = read(["1433221332.117", "1433221332"], "arrived_at", unit="s")
    assert rows["arrived_at"].tolist() == [at("2015-06-02T05:02:12.117Z"), at("2015-06-02T05:02:12Z")]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_times_may_be_of_any_unit_naive_or_of_a_zone(unit: str) -> None:
    instant = datetime(2024, 7, 1, 12)
    assert read(pa.array([instant], pa.timestamp(unit)), "arrived_at")["arrived_at"].item() == at("2024-07-01T12:00Z")
    berlin = pa.array([instant], pa.timestamp(unit, "Europe/Berlin"))
    assert read(berlin, "arrived_at")["arrived_at"].item() == at("2024-07-01T12:00Z")
    local = read(pa.array([instant], pa.timestamp(unit)), "arrived_at", zone="Europe/Berlin")
    assert local["arrived_at"].item() == at("2024-07-01T10:00Z")


TWICE, NEVER = "2024-10-27 02:30", "2024-03-31 02:30"


@pytest.mark.parametrize("cell", [TWICE, NEVER])
@pytest.mark.parametrize("form", [{}, {"format": "%Y-%m-%d %H:%M"}], ids=["iso", "format"])
def test_a_local_time_that_a_daylight_saving_change_has_twice_or_never_is_a_fault(
    cell: str, form: dict[str, str]
) -> None:
    rows = read([cell, "2024-10-27 03:30"], "arrived_at", zone="Europe/Berlin", **form)
    assert rows["arrived_at"].tolist() == [pd.NaT, at("2024-10-27T02:30Z")]
    assert cell in rows["fault"][0]
    assert "that Europe/Berlin has exactly once" in rows["fault"][0]


def test_a_rule_may_say_which_of_two_local_times_is_meant() -> None:
    for side, instant in (("earliest", "2024-10-27T00:30Z"), ("latest", "2024-10-27T01:30Z")):
        rows = read([TWICE], "arrived_at", zone="Europe/Berlin", ambiguous=side)
        assert rows["arrived_at"].item() == at(instant)
        assert read([NEVER], "arrived_at", zone="Europe/Berlin", ambiguous=side)["fault"].isna().all()


def test_of_several_formats_the_first_that_suits_a_cell_reads_it() -> None:
    rows = read(["31.12.2023 10:00", "2023-12-30", "12/31/2023"], "arrived_at", format=["%d.%m.%Y %H:%M", "ISO8601"])
    assert rows["arrived_at"].tolist() == [at("2023-12-31T10:00Z"), at("2023-12-30T00:00Z"), pd.NaT]
    assert "'12/31/2023' is no time of the format %d.%m.%Y %H:%M or ISO8601" in rows["fault"][2]


@pytest.mark.parametrize("cell", [-7, "-7", 20_240_101])
def test_a_whole_number_that_a_format_would_take_for_a_year_before_1_is_no_time(cell: Any) -> None:
    rows = read([cell, cell], "arrived_at", format=["%d/%m/%Y", "ISO8601"])
    assert rows["arrived_at"].isna().all() and rows["fault"].notna().all()
