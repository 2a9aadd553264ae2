"""Whatever lies in a file: never an exception, no row lost, each accepted or quarantined with its reasons."""

from __future__ import annotations

import csv
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.events import Before, Limits, check_events
from features.schema import EVENT_TYPES, LANDED, empty
from sources.connector import Place, SourceFault, Tables
from sources.mapped_files import MappedFiles
from sources.mapping.spec import Mapping

START, WEEK = datetime(2024, 10, 20, tzinfo=UTC), timedelta(days=7)
ALL = datetime.max.replace(tzinfo=UTC) - START + timedelta(microseconds=1)
"""The length of a window that all later times lie in, so that no row waits for a later one."""

TIMES = [
    "2024-10-21T10:00:00Z", "2024-10-22 10:00:00+05:30", "2024-10-23", "2024-10-27T02:30:00", "2024-03-31 02:30",
    "1970-01-01", "2999-12-31T23:59:59Z", "0000-00-00", "9999-12-31T23:59:59.9999999", "31/31/2017", "tomorrow",
    1_729_500_000, 1_729_500_000_000, -1, 0, 2**63, 1e300, float("nan"), "", None,
]  # fmt: skip
TEXTS = [
    "", " ", "ann", "'; DROP TABLE events; --", "<script>alert(1)</script>", "😀👩‍👩‍👧", "مرحبا", "\u202eabc",
    'a,b\n"c"', "\x00", "NaN", "null", "-5", "1e5", "x" * 1_000_000, None, True, 7, -7, 1.5, 123.0, 2**70, "\ud800",
]  # fmt: skip
NUMBERS = [
    1,
    0,
    -3,
    2.5,
    "2.5",
    "2,5",
    "two",
    "inf",
    float("inf"),
    float("-inf"),
    float("nan"),
    "1_000",
    True,
    2**60,
    None,
]

ANY = st.one_of(
    st.sampled_from(TEXTS), st.text(max_size=8), st.integers(), st.floats(), st.booleans(), st.none(),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip
GOOD = {"user": "ann", "item": "tea", "type": "view", "at": "2024-10-21T10:00:00Z"}
CELLS = {
    "user": st.one_of(st.sampled_from(TEXTS), ANY),
    "item": st.one_of(st.sampled_from(TEXTS), ANY),
    "type": st.one_of(st.sampled_from(EVENT_TYPES), ANY),
    "at": st.one_of(st.sampled_from(TIMES), st.datetimes().map(str), ANY),
    "quantity": st.one_of(st.sampled_from(NUMBERS), ANY),
    "query": ANY,
    "odd": ANY,
}
ROWS = st.lists(
    st.one_of(st.fixed_dictionaries({}, optional=CELLS).map(lambda row: GOOD | row), st.just(GOOD)), max_size=6
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "zone": st.sampled_from(["Europe/Berlin", "America/New_York"]),
        "ambiguous": st.sampled_from(["earliest", "latest"]),
        "format": st.sampled_from(["%Y-%m-%d", ["%d/%m/%Y", "ISO8601"]]),
    },
) | st.fixed_dictionaries({"unit": st.sampled_from(["s", "ms", "us"])})


TOGETHER = 50


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Rows as they can be held by the file's format: text, JSON, or columns of one type each."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return
    names = list(dict.fromkeys([*GOOD, *(name for row in rows for name in row)]))
    cells = [[_held(row.get(name)) for name in names] for row in rows]
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([names, *cells])
        return
    columns = [_column([row.get(name) for row in rows]) for name in names]
    pq.write_table(pa.table(columns, names=names), path)


def _held(cell: Any) -> str:
    return "" if cell is None else str(cell).encode("utf-8", "replace").decode()


def _column(cells: list[Any]) -> pa.Array:
    try:
        column = pa.array(cells)
        if column.type != pa.struct([]):  # which Parquet cannot hold
            return column
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    return pa.array([_held(cell) for cell in cells])


def collected(rows: list[dict[str, Any]], suffix: str, rule: dict[str, Any]) -> list[Tables]:
    """Both ways by which a file's rows reach their windows: named by the window, and parted."""
    fields = {
        "user_id": "user",
        "item_id": "item",
        "event_type": "type",
        "occurred_at": {"column": "at", **rule},
        "quantity": "quantity",
        "query": "query",
    }
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), Path(folder) / "state", START, ALL)
        write(place.drop / f"all-2024.{suffix}", rows)
        for pattern in (f"all-*.{suffix}", f"all-{{window}}.{suffix}"):
            events = {"from": {"paths": [pattern]}, "fields": fields}
            mapping = {"name": "shop", "connector": "files", "tables": {"events": events}}
            source = MappedFiles(Mapping.model_validate(mapping), place)
            source.fingerprint(START, datetime.max.replace(tzinfo=UTC), "2024")
            tables.append(source.collect(START, datetime.max.replace(tzinfo=UTC), "2024"))
    return tables


def each_row_is_accepted_or_quarantined(tables: int, *, derandomize: bool) -> None:
    """Collect so many tables; then hold them against the contract, some at a time: that is what costs."""
    landed: list[pd.DataFrame] = []

    # A megabyte in a cell is what is tried here, so that examples are large; and no time is asserted.
    @settings(max_examples=tables, deadline=None, derandomize=derandomize, suppress_health_check=list(HealthCheck))
    @given(ROWS, st.sampled_from(["csv", "jsonl", "parquet"]), RULES)
    def collect(rows: list[dict[str, Any]], suffix: str, rule: dict[str, Any]) -> None:
        parted, whole = (tables.events for tables in collected(rows, suffix, rule))
        assert len(whole) == len(rows)
        assert parted.equals(whole)
        assert {name: str(dtype) for name, dtype in whole.dtypes.items()} == LANDED["events"]
        assert whole["event_id"].notna().all()
        landed.append(whole)
        if len(landed) == TOGETHER:
            check_together(landed)
            landed.clear()

    collect()
    check_together(landed)


def check_together(landed: list[pd.DataFrame]) -> None:
    events = pd.concat([empty("events", LANDED), *landed], ignore_index=True)
    check = check_events(
        events,
        start=START,
        end=START + WEEK,
        earliest=START - WEEK,
        before=Before(frozenset({"tea"}), empty("events")),
        limits=Limits(max_refused=1.0, outlier_quantile=0.99, max_moments_a_minute=25),
    )
    assert not [outcome.unchecked for outcome in check.outcomes if outcome.unchecked]
    assert len(events.drop(index=check.refused.index)) + len(check.refused) == len(events)
    assert all(check.refused["reasons"])
    assert set(events.index[events["fault"].notna()]) <= set(check.refused.index)


def test_any_table_is_accepted_or_quarantined_with_reasons() -> None:
    each_row_is_accepted_or_quarantined(200, derandomize=True)


@pytest.mark.deep
@pytest.mark.timeout(7200)
def test_ten_thousand_tables_are_accepted_or_quarantined_with_reasons() -> None:
    each_row_is_accepted_or_quarantined(10_000, derandomize=False)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.sampled_from(["csv", "csv.gz", "jsonl", "parquet"]))
def test_any_bytes_are_rows_or_one_fault_of_the_source(content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), Path(folder) / "state", START, WEEK)
        (place.drop / f"events.{suffix}").write_bytes(content)
        events = {"from": {"paths": [f"events.{suffix}"]}}
        source = MappedFiles(
            Mapping.model_validate({"name": "shop", "connector": "files", "tables": {"events": events}}), place
        )
        try:
            source.collect(START, START + WEEK, "2024-10-20")
        except SourceFault as fault:
            assert fault.what
            assert fault.where
            assert fault.mend
