"""Rows of a database: windows by watermark, one snapshot, in chunks, on a real PostgreSQL and on SQLite."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

import sources.landing
from features.schema import LANDED
from sources.connector import Connector, SourceFault
from sources.sql.database import Database, SqlOptions
from tests.sources.mapped import EVENT_FIELDS, as_bytes, collect, fingerprint, open_mapped

POSTGRES = os.environ.get("TIDEGRAPH_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
COLUMNS = "id integer, visitor text, item text, action text, at timestamp, quantity numeric(12,3), loaded timestamp"
ROWS = [
    (1, "ann", "tea", "view", "2024-01-07 00:00:00", 1, "2024-01-07 00:00:00"),
    (2, "bob", "jam", "buy", "2024-01-08 09:00:00", 2.5, "2024-01-13 23:59:59"),
    (3, "ann", "jam", "buy", "2024-01-09 09:00:00", 1, "2024-01-14 00:00:00"),
]
EVENTS = {"from": {"table": "orders", "watermark": "loaded"}, "fields": EVENT_FIELDS}
Make = Callable[..., Connector]


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """A schema of its own in the test database, in which unqualified names are looked up."""
    schema = f"tidegraph_{uuid.uuid4().hex}"
    engine = sa.create_engine(POSTGRES, poolclass=sa.pool.NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    except sa.exc.OperationalError as error:
        pytest.skip(f"no PostgreSQL ({error.orig}): service postgresql start, or set TIDEGRAPH_TEST_POSTGRES")
    url = engine.url.update_query_dict({"options": f"-csearch_path={schema}"})
    monkeypatch.setenv("SHOP_DATABASE_URL", url.render_as_string(hide_password=False))
    yield sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    return sa.create_engine(url, poolclass=sa.pool.NullPool)


@pytest.fixture(params=["postgres", "sqlite"])
def database(request: pytest.FixtureRequest) -> sa.Engine:
    return request.getfixturevalue(request.param)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def opened(tables: dict[str, object] | None = None, **options: object) -> Connector:
        content = {"url_env": "SHOP_DATABASE_URL", **options}
        return open_mapped(tmp_path, connector="sql", options=content, tables=tables or {"events": EVENTS})

    return opened


def fill(database: sa.Engine, rows: list[tuple[object, ...]] = ROWS, columns: str = COLUMNS) -> None:
    execute(database, f"CREATE TABLE orders ({columns})")
    insert(database, rows)


def insert(database: sa.Engine, rows: list[tuple[object, ...]]) -> None:
    mark = "%s" if database.dialect.name == "postgresql" else "?"
    with database.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO orders VALUES ({', '.join([mark] * len(rows[0]))})", rows)


def execute(database: sa.Engine, statement: str) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(statement)


def fault(make: Make, *arguments: dict[str, object]) -> SourceFault:
    with pytest.raises(SourceFault) as caught:
        collect(make(*arguments))
    return caught.value


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


def test_a_session_in_another_time_zone_sees_the_same_windows(
    postgres: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres)
    before = as_bytes(collect(make())), fingerprint(make())
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    assert (as_bytes(collect(make())), fingerprint(make())) == before


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


BROKEN: dict[str, tuple[dict[str, object], str, str]] = {
    "no such table": ({"table": "nowhere", "watermark": "loaded"}, "nowhere", "tables.events.from"),
    "no such watermark": ({"table": "orders", "watermark": "landed"}, "loaded", "tables.events.from"),
    "two columns of one name": (
        {"query": "SELECT id, id, loaded FROM orders", "watermark": "loaded"}, "more than once", "tables.events.from",
    ),
    "no watermark": ({"table": "orders"}, "no watermark", "tables.events.from"),
    "neither table nor query": ({"watermark": "loaded"}, "", "tables.events.from"),
    "broken SQL": ({"query": "SELEKT", "watermark": "loaded"}, "refused", "tables.events.from"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "what", "where"), BROKEN.values(), ids=BROKEN)
def test_a_mapping_that_does_not_fit_the_database_gets_one_fault(
    database: sa.Engine, make: Make, rows: dict[str, object], what: str, where: str
) -> None:
    fill(database)
    broken = fault(make, {"events": {"from": rows, "fields": EVENT_FIELDS}})
    assert what in broken.what
    assert where in broken.where
    assert broken.mend


URLS = {
    "no server": "postgresql+psycopg://shop:s3cr3t@127.0.0.1:9/test",
    "a password in the query": "postgresql+psycopg://shop@127.0.0.1:9/test?password=s3cr3t",
    "no driver": "postgresql+s3cr3t://shop:s3cr3t@127.0.0.1/test",
    "no URL": "s3cr3t",
    "no port": "postgresql+psycopg://shop:s3cr3t@127.0.0.1:s3cr3t/test",
    "no file": "sqlite:////nowhere/at/all.db",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(
    make: Make, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    broken = fault(make)
    assert "s3cr3t" not in str(broken) + broken.mend
    assert broken.mend


def test_an_unset_variable_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DATABASE_URL", raising=False)
    assert "SHOP_DATABASE_URL" in fault(make).what


def test_a_sqlite_file_is_never_made(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{tmp_path / 'absent.db'}")
    assert "missing" in fault(make).what
    assert not (tmp_path / "absent.db").exists()
