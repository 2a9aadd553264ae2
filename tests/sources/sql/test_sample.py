"""The sample that `tidegraph source check` takes of a database: few rows, the first ones, in one read-only look."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from sources.connector import SourceFault
from sources.mapped_files import Sample
from sources.sql.connector import SqlSource
from sources.sql.database import Database, SqlOptions
from tests.sources.mapped import EVENT_FIELDS
from tests.sources.sql.orders import EVENTS, ROWS, Make, execute, fill, insert

OLD = (0, "x", "salt", "view", "2020-01-01 00:00:00", 1, "2020-01-01 00:00:00")


def sampled(make: Make, rows: int, *arguments: object, **options: object) -> list[Sample]:
    connector = make(*arguments, **options)
    assert isinstance(connector, SqlSource)
    return list(connector.sample(rows))


def ids(samples: list[Sample], table: str = "events", column: str = "id") -> list[object]:
    return [cell for each in samples if each.table == table for cell in each.raw[column].to_pylist()]


def test_a_sample_holds_the_rows_that_arrived_first_and_no_more_than_asked(database: sa.Engine, make: Make) -> None:
    fill(database, [*reversed(ROWS)])
    assert ids(sampled(make, 2)) == [1, 2]
    assert ids(sampled(make, 100)) == [1, 2, 3]


def test_no_more_rows_leave_the_database_than_are_asked_for(
    postgres: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = "2024-01-08 09:00:00"
    fill(postgres, [(number, "ann", "tea", "view", at, 1, at) for number in range(250)])
    left, rows = [], Database.rows

    def counted(*arguments: object) -> object:
        for names, chunk in rows(*arguments):  # type: ignore[arg-type]
            left.append(len(chunk))
            yield names, chunk

    monkeypatch.setattr(Database, "rows", counted)
    assert len(ids(sampled(make, 30, chunk_rows=20))) == 30
    assert left == [20, 10]


def test_rows_that_no_window_will_hold_are_passed_over(database: sa.Engine, make: Make) -> None:
    fill(database, [OLD, *ROWS])
    assert ids(sampled(make, 1)) == [1]


def test_rows_that_are_all_older_than_the_calendar_are_shown_all_the_same(database: sa.Engine, make: Make) -> None:
    fill(database, [OLD])
    assert ids(sampled(make, 5)) == [0]


def test_a_catalogue_is_sampled_by_its_query_with_or_without_a_watermark(database: sa.Engine, make: Make) -> None:
    fill(database, [OLD, *ROWS])
    query, fields = "SELECT item, loaded FROM orders", {"item_id": "item"}
    for rows in ({"query": query, "watermark": "loaded"}, {"query": query}):
        samples = sampled(make, 1, {"events": EVENTS, "items": {"from": rows, "fields": fields}})
        assert ids(samples, "items", "item") == ["salt"]
        assert [each.places.where for each in samples] == ["table orders", "the query"]


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("us", 1_000_000)])
def test_a_watermark_that_counts_since_1970_is_sampled_in_its_order(
    database: sa.Engine, make: Make, unit: str, scale: int
) -> None:
    start = 1704585600  # 2024-01-07
    columns = "id integer, visitor text, item text, action text, at bigint, quantity integer, loaded bigint"
    times = [(1, start + 2), (2, start + 1), (3, start - 1)]
    fill(database, [(n, "ann", "tea", "view", at, 1, at * scale) for n, at in times], columns)
    rows = {"table": "orders", "watermark": {"column": "loaded", "unit": unit}}
    assert ids(sampled(make, 5, {"events": {"from": rows, "fields": EVENT_FIELDS}})) == [2, 1]


def test_an_empty_table_gives_no_rows(database: sa.Engine, make: Make) -> None:
    fill(database)
    execute(database, "DELETE FROM orders")
    assert sampled(make, 5) == []


def test_a_sample_is_only_ever_read_and_leaves_no_state(postgres: sa.Engine, make: Make, tmp_path: Path) -> None:
    fill(postgres)
    assert len(ids(sampled(make, 5))) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mapping.yaml"]
    execute(postgres, "CREATE FUNCTION wipe() RETURNS integer LANGUAGE sql AS 'DELETE FROM orders; SELECT 1'")
    wiping = {"query": "SELECT orders.*, wipe() FROM orders", "watermark": "loaded"}
    with pytest.raises(SourceFault, match="read-only"):
        sampled(make, 5, {"events": {"from": wiping, "fields": EVENT_FIELDS}})


def test_all_tables_of_a_sample_are_of_one_state(
    postgres: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres)
    items = {"from": {"query": "SELECT DISTINCT item FROM orders"}, "fields": {"item_id": "item"}}
    rows = Database.rows

    def meddling(*arguments: object) -> object:
        yield from rows(*arguments)  # type: ignore[arg-type]
        insert(postgres, [(9, "eve", "gin", "buy", "2024-01-08", 1, "2024-01-08")])

    monkeypatch.setattr(Database, "rows", meddling)
    samples = sampled(make, 5, {"events": EVENTS, "items": items})
    assert sorted(map(str, ids(samples, "items", "item"))) == ["jam", "tea"]


def test_of_a_url_nothing_is_told_but_the_kind_of_database(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", "postgresql+psycopg://clerk:s3cr3t@localhost:9/orders-of-2024")
    with pytest.raises(SourceFault) as caught:
        sampled(make, 5)
    told = f"{caught.value} {caught.value.mend}"
    assert caught.value.where == "postgresql database of SHOP_DATABASE_URL"
    assert "port <port>" in caught.value.what
    assert not [part for part in ("clerk", "s3cr3t", "localhost", "orders-of-2024") if part in told]


def test_a_part_of_the_url_is_named_where_a_driver_tells_of_it(
    postgres: sa.Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", postgres.url.set(database="nowhere").render_as_string(hide_password=False))
    with pytest.raises(SourceFault, match='database "<database>" does not exist'):
        sampled(make, 5)


def test_a_well_escaped_password_opens_the_database_it_is_for() -> None:
    options = SqlOptions(url_env="SHOP_DATABASE_URL")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_DATABASE_URL", "postgresql+psycopg://shop:p%40ss%2Fword@127.0.0.1:9/test")
        assert Database(options)._url.password == "p@ss/word"
