"""Rows of a database, by any SQLAlchemy URL: a window is what its watermark column says arrived in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from sources.connector import Connector, Place, SourceFault, Tables, digest
from sources.landing import as_tables, mapped_tables
from sources.mapped_files import Sample
from sources.mapping.faults import Places
from sources.mapping.spec import Mapping, options_as
from sources.sql.cells import raw_table
from sources.sql.database import Database, SqlOptions
from sources.sql.windows import ALIAS, Cut, SqlRows, sample_queries, window_query


class SqlSource(Connector):
    """Reads each window in one read-only transaction that sees one state of the database."""

    def __init__(self, mapping: Mapping, place: Place) -> None:
        super().__init__(place.first_start)
        self.name, self._mapping = mapping.name, mapping
        self._database = Database(options_as(SqlOptions, mapping.options, f"{mapping.path}, options"))
        self._tables = mapped_tables(mapping, place.first_start)
        self._rows = {name: _rows(mapping, name) for name in mapping.tables}

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        with self._database.reading() as connection:
            return as_tables({table: self._frame(connection, table, start, end) for table in self._tables})

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        """Covers every cell of the window's rows, so that a row updated in place is noticed."""
        with self._database.reading() as connection:
            sums = [self._sum(connection, table, start, end) for table in self._rows]
        window = (start.isoformat(), end.isoformat(), self.first_start.isoformat())
        return digest(self.name, self._mapping.digest(), *window, *sums)

    def last_event_at(self) -> None:
        return None

    def sample(self, rows: int) -> Iterator[Sample]:
        """At most `rows` rows of each table, those that arrived first; nothing is kept."""
        with self._database.reading() as connection:
            found = {table: self._earliest(connection, table, rows) for table in self._tables}
        # the transaction is over before anyone looks, whether or not they look at all of it
        for table, parts in found.items():
            places = Places(self._rows[table].label)
            yield from (Sample(table, self._tables[table].spec, raw, places) for raw in parts)

    def _earliest(self, connection: sa.Connection, table: str, most: int) -> list[pa.Table]:
        first = Cut(self.first_start, self.first_start, first=True, catalogue=table != "events")
        with self._database.faults(self._where(table)):
            queries = sample_queries(connection, self._rows[table], first, most, self._where(table))
            return next((found for query in queries if (found := list(self._chunks(connection, query)))), [])

    def _frame(self, connection: sa.Connection, table: str, start: datetime, end: datetime) -> pd.DataFrame:
        mapped = self._tables[table]
        with self._database.faults(self._where(table)):
            return mapped.joined(mapped.shaped(raw, start) for raw in self._raw(connection, table, start, end))

    def _query(self, connection: sa.Connection, table: str, start: datetime, end: datetime) -> sa.Select[Any] | None:
        cut = Cut(start, end, first=start == self.first_start, catalogue=table != "events")
        return window_query(connection, self._rows[table], cut, self._where(table))

    def _raw(self, connection: sa.Connection, table: str, start: datetime, end: datetime) -> Iterator[pa.Table]:
        query = self._query(connection, table, start, end)
        if query is not None:
            yield from self._chunks(connection, query)

    def _chunks(self, connection: sa.Connection, query: sa.Select[Any]) -> Iterator[pa.Table]:
        for names, rows in self._database.rows(connection, query):
            yield raw_table(dict(zip(names, zip(*rows, strict=True), strict=True)))

    def _sum(self, connection: sa.Connection, table: str, start: datetime, end: datetime) -> str:
        """A digest of a window's rows that does not depend on their order, made where they lie if they can."""
        with self._database.faults(self._where(table)):
            query = self._query(connection, table, start, end)
            if query is None:
                return "none"
            if connection.dialect.name == "postgresql":
                return repr(tuple(connection.execute(_sum_in_postgres(query)).one()))
            return _sum_here(rows for _, rows in self._database.rows(connection, query))

    def _where(self, table: str) -> str:
        return f"{self._mapping.path}, tables.{table}.from, {self._database.where}"


def _rows(mapping: Mapping, table: str) -> SqlRows:
    where = f"{mapping.path}, tables.{table}.from"
    rows = options_as(SqlRows, mapping.tables[table].rows, where)
    if table == "events" and rows.mark is None:
        raise SourceFault(
            "events have no watermark",
            where=where,
            mend="add `watermark:` with the column that says when a row arrived, or else when the event happened",
        )
    return rows


def _sum_here(chunks: Iterable[list[Any]]) -> str:
    count, total = 0, 0
    for rows in chunks:
        count += len(rows)
        total += sum(int.from_bytes(hashlib.sha256(repr(tuple(row)).encode()).digest(), "little") for row in rows)
    return f"{count} {total % 2**256:x}"


def _sum_in_postgres(query: sa.Select[Any]) -> sa.Select[Any]:
    rows = query.subquery(ALIAS)
    hashed = f"md5({ALIAS}::text)"
    halves: list[sa.ColumnElement[Any]] = [
        sa.func.coalesce(sa.func.sum(sa.literal_column(f"('x' || substr({hashed}, {at}, 15))::bit(60)::bigint")), 0)
        for at in (1, 17)
    ]
    columns: list[sa.ColumnElement[Any]] = [sa.func.count(), *(sa.cast(half, sa.Text) for half in halves)]
    return sa.select(*columns).select_from(rows)
