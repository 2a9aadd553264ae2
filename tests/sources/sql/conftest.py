"""A real PostgreSQL and a SQLite file, and a mapping opened on them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sources.connector import Connector
from tests.sources.mapped import open_mapped
from tests.sources.sql.orders import EVENTS, Make

POSTGRES = os.environ.get("TIDEGRAPH_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


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
