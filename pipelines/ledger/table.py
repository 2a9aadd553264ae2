"""The ledger's table in a database: made, brought up to date, and read, whichever version of Tidegraph made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from pipelines.ledger.entries import ADDED, NAMES, Entry

_BUSY_SECONDS = 30
_UNIQUE = ("update_key", "follows")
_EMPTY = ("base_version", *ADDED)


def _column(name: str) -> Column[Any]:
    if name == "seq":
        return Column(name, Integer, primary_key=True, autoincrement=False)
    return Column(name, Integer if name == "format" else Text, nullable=name in _EMPTY, unique=name in _UNIQUE)


_ORDER = ("seq", *(name for name in NAMES if name != "seq"))
TABLE = Table("ledger", MetaData(), *map(_column, _ORDER))


def open_engine(url: str) -> Engine:
    """No connection is made yet, nor any file."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address; None for another database, or one in memory."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def make_table(engine: Engine) -> None:
    """Make the table where there is none, and add the columns that one of before lacks; several may do so at once."""
    try:
        with engine.begin() as connection:
            connection.execute(CreateTable(TABLE, if_not_exists=True))
    except DatabaseError:
        # on PostgreSQL, of two that make the table at once one fails in spite of IF NOT EXISTS
        if not inspect(engine).has_table(TABLE.name):
            raise
    for name in _lacking(engine):
        _add_column(engine, name)


def read_entries(connection: Connection) -> list[Entry]:
    """All entries, oldest first; of a table of before, what it lacks is None. No table: no entries."""
    if not inspect(connection).has_table(TABLE.name):
        return []
    there = _columns(connection)
    chosen = select(*(TABLE.c[name] for name in _ORDER if name in there)).order_by(TABLE.c.seq)
    return [Entry(**row) for row in connection.execute(chosen).mappings()]


def write_entry(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(TABLE).values(values))


def _columns(bind: Engine | Connection) -> set[str]:
    return {column["name"] for column in inspect(bind).get_columns(TABLE.name)}


def _lacking(engine: Engine) -> list[str]:
    there = _columns(engine)
    return [name for name in ADDED if name not in there]


def _add_column(engine: Engine, name: str) -> None:
    kind = TABLE.c[name].type.compile(engine.dialect)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {TABLE.name} ADD COLUMN {name} {kind}"))
    except DatabaseError:
        # another process may have added it in between
        if name in _lacking(engine):
            raise


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
