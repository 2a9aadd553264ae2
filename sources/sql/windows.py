"""Which rows of a table or query belong to a window, as a SQL statement with bound parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, model_validator

from sources.connector import SourceFault

SCALE = {"s": 1, "ms": 1_000, "us": 1_000_000}
ALIAS = "tidegraph_rows"
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Watermark(BaseModel):
    """The column that says when a row arrived or changed: a time, or with `unit` a whole number since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    unit: Literal["s", "ms", "us"] | None = None


class SqlRows(BaseModel):
    """`from` of a table: a `table` (or `schema.table`) or a `query`, and the watermark that cuts it into windows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str | None = None
    query: str | None = None
    watermark: Watermark | str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name either a table or a query")
        return self

    @property
    def mark(self) -> Watermark | None:
        return Watermark(column=self.watermark) if isinstance(self.watermark, str) else self.watermark

    @property
    def label(self) -> str:
        """What a user calls these rows."""
        return "the query" if self.table is None else f"table {self.table}"


@dataclass(frozen=True)
class Cut:
    """The window `[start, end)`; the calendar's `first` also takes what has no watermark, and older `catalogue`."""

    start: datetime
    end: datetime
    first: bool
    catalogue: bool


def window_query(connection: sa.Connection, rows: SqlRows, cut: Cut, where: str) -> sa.Select[Any] | None:
    """All columns of the rows that arrived in the window; None where a window has none by definition.

    Raises SourceFault when the result has no such watermark, or two columns of one name.
    """
    relation = _relation(connection, rows, where)
    statement = sa.select(relation)
    if rows.mark is None:
        return statement if cut.first else None
    if rows.mark.column not in relation.c:
        raise SourceFault(
            f"watermark column {rows.mark.column} is missing; the columns are {', '.join(relation.c.keys())}",
            where=where,
            mend="name one of these columns as watermark",
        )
    if cut.first and connection.dialect.name == "sqlite" and rows.mark.unit is None:
        _refuse_no_times(connection, relation.c[rows.mark.column], where)
    return statement.where(_inside(relation.c[rows.mark.column], rows.mark, cut, connection.dialect.name))


def sample_queries(
    connection: sa.Connection, rows: SqlRows, first: Cut, most: int, where: str
) -> Iterator[sa.Select[Any]]:
    """The `most` rows that arrived first, of those that the window `first` or a later one holds; else of all rows.

    The second query is for a user whose rows are all older than the calendar: it finds what says so.
    """
    held = window_query(connection, rows, replace(first, end=NEVER), where)
    for query in (held, sa.select(_relation(connection, rows, where))):
        if query is not None:
            yield _earliest(query, rows, connection.dialect.name).limit(most)


def _earliest(query: sa.Select[Any], rows: SqlRows, dialect: str) -> sa.Select[Any]:
    if rows.mark is None:
        return query
    return query.order_by(_time(query.selected_columns[rows.mark.column], rows.mark, dialect))


def _refuse_no_times(connection: sa.Connection, column: sa.ColumnElement[Any], where: str) -> None:
    """SQLite compares anything with a time: a column in which no cell is one would put all rows into one window."""
    at = sa.func.strftime("%Y-%m-%d %H:%M:%f", column)
    cell = connection.execute(sa.select(column).where(column.is_not(None)).limit(1)).scalar()
    if cell is not None and connection.execute(sa.select(at).where(at.is_not(None)).limit(1)).first() is None:
        raise SourceFault(
            f"watermark column {column.key} holds no times, but for example {cell!r:.80}",
            where=where,
            mend="name a column of times as watermark, or give its `unit` where it holds numbers",
        )


def _relation(connection: sa.Connection, rows: SqlRows, where: str) -> sa.FromClause:
    probe: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(_source(rows, [])).where(sa.false())
    names = list(connection.execute(probe).keys())
    spelt = [re.sub(r":\d+$", "", name) for name in names]  # how SQLite tells two of one name apart
    if twice := sorted({name for name in spelt if spelt.count(name) > 1}):
        raise SourceFault(
            f"the query gives {', '.join(twice)} more than once", where=where, mend="rename one of them with AS"
        )
    return _source(rows, names)


def _source(rows: SqlRows, names: list[str]) -> sa.FromClause:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in names]
    if rows.table is not None:
        schema, _, table = rows.table.rpartition(".")
        return sa.table(table, *columns, schema=schema or None).alias(ALIAS)
    # A colon would be read as a parameter's name, and a comment at the end would swallow the closing bracket.
    query = (rows.query or "").strip().rstrip(";").replace("\\", "\\\\").replace(":", "\\:")
    return sa.text(f"{query}\n").columns(*columns).subquery(ALIAS)


def _inside(column: sa.ColumnElement[Any], mark: Watermark, cut: Cut, dialect: str) -> sa.ColumnElement[bool]:
    at = _time(column, mark, dialect)
    start, end = (_bound(instant, mark, dialect) for instant in (cut.start, cut.end))
    inside = at < end if cut.first and cut.catalogue else sa.and_(at >= start, at < end)
    return sa.or_(inside, at.is_(None)) if cut.first else inside


def _time(column: sa.ColumnElement[Any], mark: Watermark, dialect: str) -> sa.ColumnElement[Any]:
    """The watermark as something to compare: SQLite keeps times as text in any spelling, and needs one for all."""
    return sa.func.strftime("%Y-%m-%d %H:%M:%f", column) if mark.unit is None and dialect == "sqlite" else column


def _bound(instant: datetime, mark: Watermark, dialect: str) -> sa.ColumnElement[Any]:
    instant = instant.astimezone(UTC)
    if mark.unit is not None:
        since = instant - datetime(1970, 1, 1, tzinfo=UTC)
        return sa.literal(since.days * 86_400 * SCALE[mark.unit] + since.seconds * SCALE[mark.unit])
    if dialect == "sqlite":
        return sa.literal(f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03}")
    if dialect == "postgresql":
        return sa.literal(instant, sa.DateTime(timezone=True))
    return sa.literal(instant.replace(tzinfo=None), sa.DateTime())
