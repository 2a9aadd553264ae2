"""A shop's orders in a database: their table, its rows, and how to change them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from sources.connector import Connector, SourceFault
from tests.sources.mapped import EVENT_FIELDS, collect

COLUMNS = "id integer, visitor text, item text, action text, at timestamp, quantity numeric(12,3), loaded timestamp"
ROWS = [
    (1, "ann", "tea", "view", "2024-01-07 00:00:00", 1, "2024-01-07 00:00:00"),
    (2, "bob", "jam", "buy", "2024-01-08 09:00:00", 2.5, "2024-01-13 23:59:59"),
    (3, "ann", "jam", "buy", "2024-01-09 09:00:00", 1, "2024-01-14 00:00:00"),
]
EVENTS = {"from": {"table": "orders", "watermark": "loaded"}, "fields": EVENT_FIELDS}
Make = Callable[..., Connector]


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
