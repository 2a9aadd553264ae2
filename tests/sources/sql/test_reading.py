"""How a database is read: in chunks, from one state, with any query, and never written to."""

from __future__ import annotations

import json
import uuid

import pandas as pd
import pytest
import sqlalchemy as sa

import sources.landing
from sources.connector import SourceFault
from sources.sql.database import Database, SqlOptions
from tests.sources.mapped import EVENT_FIELDS, as_bytes, collect
from tests.sources.sql.orders import EVENTS, ROWS, Make, execute, fault, fill, insert


def test_chunks_of_any_size_give_the_same_table_and_none_is_larger_than_asked(
    database: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = "2024-01-08 09:00:00"
    fill(database, [(number, "ann", "tea", "view", at, 1, at) for number in range(250)])
    whole, sizes, shape = as_bytes(collect(make())), [], sources.landing.shape

    def spied(raw: object, *arguments: object, **options: object) -> object:
        sizes.append(len(raw))  # type: ignore[arg-type]
        return shape(raw, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sources.landing, "shape", spied)
    assert as_bytes(collect(make(chunk_rows=100))) == whole
    assert sizes == [100, 100, 50]


def test_the_server_hands_out_rows_before_it_has_made_them_all(postgres: sa.Engine) -> None:
    database = Database(SqlOptions(url_env="SHOP_DATABASE_URL", chunk_rows=10))
    query = sa.select(sa.text("1 / (1000 - n) FROM generate_series(1, 2000) AS n"))
    seen = 0
    with pytest.raises(SourceFault, match="division by zero"), database.reading() as connection:
        for _, rows in database.rows(connection, query):
            seen += len(rows)
    assert 0 < seen < 1000


def test_all_tables_of_a_window_are_read_from_one_state(
    postgres: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres)
    items = {"from": {"query": "SELECT DISTINCT item FROM orders"}, "fields": {"item_id": "item"}}
    connector, shape = make({"events": EVENTS, "items": items}), sources.landing.shape

    def meddling(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(sources.landing, "shape", shape)
        insert(postgres, [(9, "eve", "gin", "buy", "2024-01-08", 1, "2024-01-08")])
        return shape(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sources.landing, "shape", meddling)
    assert list(collect(connector).items["item_id"]) == ["jam", "tea"]
    assert list(collect(connector).items["item_id"]) == ["gin", "jam", "tea"]


def test_a_query_may_hold_casts_comments_percent_signs_and_colons(postgres: sa.Engine, make: Make) -> None:
    fill(postgres)
    query = "SELECT orders.*, '12:30' AS clock, id::bigint AS n FROM orders WHERE item LIKE '%a%'; -- all of them"
    query = query.replace("; --", " --")
    events = {"from": {"query": query, "watermark": "loaded"}, "fields": EVENT_FIELDS}
    tables = collect(make({"events": events}))
    assert list(tables.events["event_id"]) == ["1", "2"]
    assert json.loads(tables.events["extras"][0]) == {"clock": "12:30", "loaded": tables_loaded(tables.events), "n": 1}
    assert "clock" in tables.notes[0]


def tables_loaded(events: pd.DataFrame) -> str:
    return json.loads(events["extras"][0])["loaded"]


def test_a_source_is_only_ever_read(database: sa.Engine, make: Make) -> None:
    fill(database)
    if database.dialect.name == "postgresql":
        execute(database, "CREATE FUNCTION wipe() RETURNS integer LANGUAGE sql AS 'DELETE FROM orders; SELECT 1'")
        query = "SELECT orders.*, wipe() FROM orders"
        fields = {"from": {"query": query, "watermark": "loaded"}, "fields": EVENT_FIELDS}
        assert "read-only" in fault(make, {"events": fields}).what
    assert len(collect(make()).events) == 2
    reading = Database(SqlOptions(url_env="SHOP_DATABASE_URL")).reading()
    with pytest.raises(SourceFault), reading as connection:
        connection.exec_driver_sql("DELETE FROM orders")


def test_postgres_types_become_cells_that_a_mapping_can_read(postgres: sa.Engine, make: Make) -> None:
    columns = (
        "id numeric(20,2), visitor uuid, item bytea, action text, at timestamptz, quantity real, loaded date, "
        "price money, tags text[], detail jsonb, plain json, flag boolean, place inet, born date"
    )
    user = uuid.uuid4()
    row = (
        42, user, b"tea", "buy", "2024-01-08 10:00+01", 2, "2024-01-08",
        "1.50", ["a", "b"], '{"b": 1, "a": [true, null]}', '{"n": 1.10}', True, "10.0.0.1", "2000-01-01",
    )  # fmt: skip
    fill(postgres, [row], columns)
    events = collect(make()).events
    assert events["event_id"][0] == "42"
    assert events["user_id"][0] == str(user)
    assert events["item_id"][0] == "tea"
    assert events["occurred_at"][0] == pd.Timestamp("2024-01-08 09:00", tz="UTC")
    assert events["quantity"][0] == 2
    assert events["fault"].isna().all()
    extras = json.loads(events["extras"][0])
    assert json.loads(extras["detail"]) == {"a": [True, None], "b": 1}
    assert extras["plain"] == '{"n": 1.10}'
    assert json.loads(extras["tags"]) == ["a", "b"]
    assert extras["place"] == "10.0.0.1"


def test_a_time_that_python_cannot_hold_is_one_rows_fault(postgres: sa.Engine, make: Make) -> None:
    fill(postgres, [*ROWS, (4, "ann", "tea", "view", "infinity", 1, "2024-01-08")])
    events = collect(make()).events.set_index("event_id")
    assert "occurred_at" in events["fault"]["4"]
    assert "infinity" in events["fault"]["4"]
    assert events["fault"].isna().sum() == 2
