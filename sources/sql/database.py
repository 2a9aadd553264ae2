"""A database that a mapping names: opened for reading only, in one snapshot, its errors told without its URL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, PositiveInt

from sources.connector import SourceFault
from sources.variables import VariableName

ESCAPED = "with special characters of the password percent-encoded (@ as %40, / as %2F, % as %25)"


class SqlOptions(BaseModel):
    """`url_env` names the environment variable with the SQLAlchemy URL; rows come `chunk_rows` at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url_env: VariableName
    chunk_rows: PositiveInt = 50_000


class Database:
    """Opens nothing before it is read."""

    def __init__(self, options: SqlOptions) -> None:
        self._options, self._url = options, _url(options.url_env)
        # Nothing else of the URL: with a character of the password unescaped, any part of it may be the password's.
        self.where = f"{self._url.get_backend_name()} database of {options.url_env}"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A read-only transaction in which all queries see the same state of the database."""
        with self.faults(self.where):
            engine = self._engine()
            with engine.connect() as connection, connection.begin():
                yield connection

    @contextmanager
    def faults(self, where: str) -> Iterator[None]:
        """Errors of the database in here become a SourceFault at `where`."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise self._fault(error, where) from error

    def rows(self, connection: sa.Connection, query: sa.Select[Any]) -> Iterator[tuple[list[str], list[Any]]]:
        """The query's rows by a server-side cursor, at most `chunk_rows` at a time, with their column names."""
        size = self._options.chunk_rows
        with connection.execute(query, execution_options={"yield_per": size}) as result:
            names = list(result.keys())
            for chunk in result.partitions(size):
                yield names, list(chunk)

    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(self._url, poolclass=sa.pool.NullPool)
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine, self._url, self.where)
            return engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(postgresql_readonly=True)
            if engine.dialect.driver == "psycopg":
                sa.event.listen(engine, "connect", _prepare_psycopg)
        return engine.execution_options(isolation_level="REPEATABLE READ")

    def _fault(self, error: Exception, where: str) -> SourceFault:
        cause = getattr(error, "orig", None) or error
        told = _without(self._url, " ".join(str(cause).split()))
        if isinstance(error, sa.exc.NoSuchModuleError | ImportError):
            mend = "install the driver that the URL names, for example psycopg for postgresql+psycopg"
        else:
            mend = (
                f"check the URL in {self._options.url_env}, {ESCAPED}, the rights of its user, and the mapping's `from`"
            )
        return SourceFault(f"the database refused: {told[:400]}", where=where, mend=mend)


def _url(variable: str) -> sa.URL:
    text = os.environ.get(variable)
    if not text:
        raise SourceFault(
            f"environment variable {variable} is not set",
            where="options.url_env of the mapping",
            mend=f"export {variable}='postgresql+psycopg://user:password@host:5432/database'",
        )
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _no_url(f"environment variable {variable} holds no SQLAlchemy URL") from None
    if url.username is not None and text.count("@") > 1:
        raise _no_url(f"the URL in {variable} holds more than one @, so that it does not say where the password ends")
    return url


def _no_url(what: str) -> SourceFault:
    return SourceFault(
        what,
        where="options.url_env of the mapping",
        mend=f"write it as driver://user:password@host:port/database, {ESCAPED}",
    )


def _without(url: sa.URL, told: str) -> str:
    """A driver's message with the names of the URL's parts in place of what they are; passwords wherever they stand."""
    asked = [(key, value) for key, values in url.normalized_query.items() for value in values]
    for secret in [url.password, *(value for key, value in asked if "pass" in key.lower())]:
        told = told.replace(secret, "***") if secret else told
    parts = {"host": url.host, "user": url.username, "database": url.database, "port": url.port}
    names = {str(part): name for name, part in [*asked, *parts.items()] if part}
    longest_first = "|".join(re.escape(part) for part in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{longest_first})(?!\w)", lambda found: f"<{names[found[0]]}>", told) if names else told


def _prepare_sqlite(engine: sa.Engine, url: sa.URL, where: str) -> None:
    # SQLite would make an absent file, and Python's driver would begin a transaction for writes alone.
    if not url.database or not Path(url.database).is_file():
        raise SourceFault(
            "the SQLite file is missing",
            where=where,
            mend="write the URL as sqlite:////path/to/file.db; after three slashes the path starts in this folder",
        )

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA query_only = ON")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))


def _prepare_psycopg(connection: Any, _: Any) -> None:
    """Instants in UTC; JSON as its text; a time that Python cannot hold (infinity, the year 20000) as its text."""
    from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
    from psycopg.types.string import TextLoader

    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()
    for name in ("json", "jsonb"):
        connection.adapters.register_loader(name, TextLoader)
    for name, loader in (("date", DateLoader), ("timestamp", TimestampLoader), ("timestamptz", TimestamptzLoader)):
        connection.adapters.register_loader(name, _lenient(loader))


def _lenient(loader: type[Any]) -> type[Any]:
    from psycopg import DataError

    def load(self: Any, data: Any) -> Any:
        try:
            return loader.load(self, data)
        except DataError:
            return bytes(data).decode()

    return type(f"Lenient{loader.__name__}", (loader,), {"load": load})
