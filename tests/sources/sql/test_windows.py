"""Windows of a database: which rows are a window's own, and what changes its fingerprint."""

from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

from features.schema import LANDED
from tests.sources.mapped import EVENT_FIELDS, as_bytes, collect, fingerprint
from tests.sources.sql.orders import COLUMNS, EVENTS, ROWS, Make, execute, fault, fill, insert


def test_a_window_holds_the_rows_that_arrived_from_its_start_up_to_before_its_end(
    database: sa.Engine, make: Make
) -> None:
    fill(database)
    tables = collect(make())
    assert list(tables.events["event_id"]) == ["1", "2"]
    assert list(collect(make(), week=1).events["event_id"]) == ["3"]
    assert tables.events["occurred_at"][1] == pd.Timestamp("2024-01-08 09:00", tz="UTC")
    assert list(tables.events["quantity"]) == [1.0, 2.5]
    assert {name: str(dtype) for name, dtype in tables.events.dtypes.items()} == LANDED["events"]


def test_the_same_state_gives_the_same_bytes_in_whatever_order_the_rows_lie(database: sa.Engine, make: Make) -> None:
    twins = [(7, "ann", "tea", "view", "2024-01-08 09:00:00", count, "2024-01-08 09:00:00") for count in (3, 1, 2)]
    fill(database, [*ROWS, *twins])
    before, state = as_bytes(collect(make())), fingerprint(make())
    execute(database, "DELETE FROM orders")
    insert(database, [*reversed(twins), *reversed(ROWS)])
    assert as_bytes(collect(make())) == before
    assert fingerprint(make()) == state


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE orders SET quantity = 9 WHERE id = 1",
        "UPDATE orders SET visitor = item, item = visitor WHERE id = 2",
        "DELETE FROM orders WHERE id = 2",
        "INSERT INTO orders SELECT * FROM orders WHERE id = 1",
    ],
)
def test_any_change_within_a_window_changes_its_fingerprint_and_no_others(
    database: sa.Engine, make: Make, change: str
) -> None:
    fill(database)
    here, next_one = fingerprint(make()), fingerprint(make(), week=1)
    execute(database, change)
    assert fingerprint(make()) != here
    assert fingerprint(make(), week=1) == next_one


def test_a_row_without_a_watermark_comes_once_with_the_first_window(database: sa.Engine, make: Make) -> None:
    fill(database, [*ROWS, (4, "ann", "tea", "view", None, 1, None)])
    assert "4" in list(collect(make()).events["event_id"])
    assert "4" not in list(collect(make(), week=1).events["event_id"])


def test_a_catalogue_comes_whole_with_the_first_window_and_then_by_what_changed(
    database: sa.Engine, make: Make
) -> None:
    old = (0, "x", "salt", "view", "2020-01-01 00:00:00", 1, "2020-01-01 00:00:00")
    fill(database, [old, *ROWS])
    fields = {"item_id": "item", "valid_from": "loaded"}
    query = "SELECT item, loaded FROM orders"
    by_mark = {"events": EVENTS, "items": {"from": {"query": query, "watermark": "loaded"}, "fields": fields}}
    whole = {"events": EVENTS, "items": {"from": {"query": query}, "fields": fields}}
    assert list(collect(make(by_mark)).items["item_id"]) == ["salt", "tea", "jam"]
    assert list(collect(make(by_mark), week=1).items["item_id"]) == ["jam"]
    assert len(collect(make(whole)).items) == 4
    assert len(collect(make(whole), week=1).items) == 0
    assert "0" not in list(collect(make(by_mark)).events["event_id"])


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 1000), ("us", 1_000_000)])
def test_a_watermark_may_count_since_1970(database: sa.Engine, make: Make, unit: str, scale: int) -> None:
    starts = [int(pd.Timestamp(text, tz="UTC").timestamp()) * scale for text in ("2024-01-07", "2024-01-14")]
    rows = [(n, "ann", "tea", "view", at, 1, at) for n, at in enumerate([starts[0] - 1, *starts, starts[1] - 1])]
    fill(database, rows, COLUMNS.replace("timestamp", "bigint"))
    events = {
        "from": {"table": "orders", "watermark": {"column": "loaded", "unit": unit}},
        "fields": {**EVENT_FIELDS, "occurred_at": {"column": "at", "unit": unit}},
    }
    assert list(collect(make({"events": events})).events["event_id"]) == ["1", "3"]


@pytest.mark.parametrize("spelling", ["2024-01-14T00:00:00Z", "2024-01-14 01:00:00+01:00", "2024-01-14"])
def test_sqlite_compares_times_whatever_their_spelling(sqlite: sa.Engine, make: Make, spelling: str) -> None:
    fill(sqlite, [*ROWS[:2], (3, "ann", "jam", "buy", "2024-01-09T09:00:00Z", 1, spelling)])
    assert list(collect(make()).events["event_id"]) == ["1", "2"]
    assert list(collect(make(), week=1).events["event_id"]) == ["3"]


def test_a_watermark_without_any_time_is_refused_with_a_cell_of_it(sqlite: sa.Engine, make: Make) -> None:
    fill(sqlite)
    execute(sqlite, "UPDATE orders SET loaded = 'batch ' || id")
    found = fault(make)
    assert "holds no times" in found.what
    assert "'batch 1'" in found.what
    execute(sqlite, "UPDATE orders SET loaded = '2024-01-09' WHERE id = 1")
    assert "1" in list(collect(make()).events["event_id"])


def test_a_session_in_another_time_zone_sees_the_same_windows(
    postgres: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres)
    before = as_bytes(collect(make())), fingerprint(make())
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    assert (as_bytes(collect(make())), fingerprint(make())) == before
