"""Of racing promotions one wins, on SQLite and on PostgreSQL, also in a ledger of the version before."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import uuid
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from pipelines.errors import RegistryError
from pipelines.ledger.book import Draft, Entry, Ledger, Refusal
from tests.pipelines.ledger.drafts import promotion, serving, tampering


def make_format_1(url: str) -> None:
    """A ledger as the version before made it: version 1, then 2, which was rolled back."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for statement in (Path(__file__).parent / "ledger_format_1.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


def check_format_1(url: str) -> None:
    """It is read as it is, verifies, and goes on in the new format; eight who upgrade it at once do not clash."""
    make_format_1(url)
    ledger = Ledger(url)
    assert [(entry.kind, entry.version, entry.format) for entry in ledger.entries()] == [
        ("promotion", "1", None), ("promotion", "2", None), ("rollback", "1", None),
    ]  # fmt: skip
    assert (serving(ledger), ledger.verify()) == (("1", None), None)

    told = race(url, [promotion(str(10 + place), "1") for place in range(8)])
    assert len([outcome for outcome in told if outcome.startswith("version ")]) == 1, told
    assert [entry.format for entry in ledger.entries()] == [None, None, None, 2]
    assert ledger.verify() is None


def test_a_ledger_of_the_version_before_goes_on_and_verifies(url: str) -> None:
    check_format_1(url)


def test_a_ledger_of_the_version_before_goes_on_and_verifies_on_postgresql(postgres: str) -> None:
    check_format_1(postgres)


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
def test_one_changed_byte_in_an_entry_of_the_version_before_is_found(ledger: Ledger, url: str, column: str) -> None:
    make_format_1(url)
    ledger.append(promotion("3", "1"))
    changed = {"seq": "22", "format": "2"}.get(column, f"coalesce(substr({column}, 2), '') || '~'")
    with tampering(url) as database:
        database.execute(f"UPDATE ledger SET {column} = {changed} WHERE seq = 2")
    assert ledger.verify() == (3 if column == "seq" else 2)


def _race(url: str, draft: Draft, start: Any, outcomes: Any) -> None:
    start.wait()
    try:
        outcomes.put(f"version {Ledger(url).append(draft).version}")
    except Refusal as refusal:
        outcomes.put(refusal.what)
    except RegistryError as error:
        outcomes.put(f"failed: {error}")


def race(url: str, drafts: list[Draft]) -> list[str]:
    """Append all drafts at once, each in a process of its own; what each was told."""
    fork = multiprocessing.get_context("fork")
    start, outcomes = fork.Barrier(len(drafts)), fork.Queue()
    processes = [fork.Process(target=_race, args=(url, draft, start, outcomes)) for draft in drafts]
    for process in processes:
        process.start()
    told = [outcomes.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return told


def check_race(url: str) -> None:
    """Eight race to be first, in a database that is not made yet; then eight race to follow the winner."""
    base = None
    for first_version in (1, 9):
        told = race(url, [promotion(str(first_version + place), base) for place in range(8)])

        won = [outcome for outcome in told if outcome.startswith("version ")]
        lost = [outcome for outcome in told if outcome.startswith("the champion changed since")]
        assert (len(won), len(lost)) == (1, 7), told
        champion = Ledger(url).champion()
        assert champion is not None and won == [f"version {champion.version}"]
        base = champion.version
    assert len(Ledger(url).entries()) == 2
    assert Ledger(url).verify() is None


def test_of_racing_promotions_exactly_one_wins(url: str) -> None:
    check_race(url)


def test_the_same_act_raced_by_several_is_entered_once_and_all_are_told_so(url: str) -> None:
    assert race(url, [promotion("1", None)] * 6) == ["version 1"] * 6
    assert len(Ledger(url).entries()) == 1


@pytest.fixture
def postgres() -> Iterator[str]:
    """A database of its own on the PostgreSQL server of TIDEGRAPH_TEST_POSTGRES_URL (default: the local one)."""
    if not any(importlib.util.find_spec(driver) for driver in ("psycopg", "psycopg2")):
        pytest.skip("no PostgreSQL driver: pip install psycopg[binary], start a server, run this test again")
    drivername = "postgresql+psycopg" if importlib.util.find_spec("psycopg") else "postgresql+psycopg2"
    given = os.environ.get("TIDEGRAPH_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1/postgres")
    server = sqlalchemy.make_url(given).set(drivername=drivername)
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    name = f"ledger_{uuid.uuid4().hex}"
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    except sqlalchemy.exc.OperationalError:
        pytest.skip("no PostgreSQL at TIDEGRAPH_TEST_POSTGRES_URL: initdb -D /tmp/pg && pg_ctl -D /tmp/pg start")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def test_of_racing_promotions_on_postgresql_exactly_one_wins(postgres: str) -> None:
    check_race(postgres)
