"""A database that cannot be read as asked: one fault, with no password in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.sources.mapped import EVENT_FIELDS
from tests.sources.sql.orders import Make, fault, fill

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


HOSTILE = {
    "an @ in the password": "postgresql+psycopg://shop:pa@s3cr3t@127.0.0.1:9/test",
    "an @ and a slash": "postgresql+psycopg://shop:pa@s3cr3t/s3cr3t@127.0.0.1:9/test",
    "an @ and a question mark": "postgresql+psycopg://shop:pa@s3cr3t?s3cr3t@127.0.0.1:9/test",
    "an @ and a colon": "postgresql+psycopg://shop:pa@s3cr3t:s3cr3t@127.0.0.1:9/test",
    "an @ in the user": "postgresql+psycopg://sh@op:s3cr3t@127.0.0.1:9/test",
}


@pytest.mark.parametrize("url", [*URLS.values(), *HOSTILE.values()], ids=[*URLS, *HOSTILE])
def test_a_database_that_cannot_be_opened_is_told_without_its_password(
    make: Make, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    broken = fault(make)
    assert "s3cr3t" not in str(broken) + broken.mend
    assert broken.mend


@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
def test_whoever_left_a_password_unescaped_is_told_how_to_write_it(
    make: Make, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", url)
    broken = fault(make)
    assert "SHOP_DATABASE_URL" in f"{broken} {broken.mend}"
    assert "percent-encoded (@ as %40" in broken.mend
    assert "the database refused" not in broken.what  # no server was asked for a host that is half a password


def test_an_unset_variable_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DATABASE_URL", raising=False)
    assert "SHOP_DATABASE_URL" in fault(make).what


def test_a_sqlite_file_is_never_made(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{tmp_path / 'absent.db'}")
    assert "missing" in fault(make).what
    assert not (tmp_path / "absent.db").exists()
