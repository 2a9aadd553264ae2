"""The ledger lets one of two racing promotions in, refuses what its rules forbid, and finds a changed byte."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from pipelines.errors import RegistryError
from pipelines.ledger import Draft, Entry, Ledger, Refusal


def promotion(version: str, base: str | None, **changes: Any) -> Draft:
    draft = Draft(
        kind="promotion",
        version=version,
        base_version=base,
        window="2017-10-08",
        data_cut="2017-10-12T00:00:00+00:00",
        run_id="run",
        verdict="PASS",
        verdict_digest="digest",
        reason="better",
        actor="test",
        update_key=f"update of {version}",
    )
    return replace(draft, **changes)


def rollback(version: str, base: str, key: str = "undo") -> Draft:
    return promotion(version, base, kind="rollback", reason="worse", update_key=key)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'made' / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


def serving(ledger: Ledger) -> tuple[str | None, str | None]:
    champion, previous = ledger.champion(), ledger.previous()
    return champion.version if champion else None, previous.version if previous else None


def test_an_empty_ledger_has_no_champion_and_holds(ledger: Ledger) -> None:
    assert serving(ledger) == (None, None)
    assert ledger.verify() is None


def test_each_entry_follows_the_one_before_and_the_first_follows_genesis(ledger: Ledger) -> None:
    first, second = ledger.append(promotion("1", None)), ledger.append(promotion("2", "1"))

    assert (first.seq, first.follows) == (1, "genesis")
    assert (second.seq, second.follows) == (2, first.hash)
    assert ledger.verify() is None


def test_a_rollback_restores_the_one_before_and_previous_is_the_one_before_that(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))
    ledger.append(promotion("3", "2"))
    assert serving(ledger) == ("3", "2")

    ledger.append(rollback("2", "3"))
    assert serving(ledger) == ("2", "1")

    ledger.append(promotion("4", "2"))
    assert serving(ledger) == ("4", "2")


def test_a_promotion_judged_against_another_champion_is_refused(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))

    with pytest.raises(Refusal, match="champion changed since version 3 was judged: version 1 then, version 2 since"):
        ledger.append(promotion("3", "1"))
    assert serving(ledger) == ("2", "1")


def test_an_older_data_cut_than_the_champions_is_refused_and_an_equal_one_is_not(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))

    with pytest.raises(Refusal, match="before the champion's cut"):
        ledger.append(promotion("2", "1", data_cut="2017-10-11T23:59:59+00:00"))
    assert ledger.append(promotion("3", "1")).seq == 2


def test_cuts_are_compared_as_instants_not_as_text(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))

    with pytest.raises(Refusal, match="before the champion's cut"):
        ledger.append(promotion("2", "1", data_cut="2017-10-12T01:00:00+02:00"))


def test_a_version_that_was_rolled_back_is_promoted_again_only_by_force_and_with_a_reason(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))
    ledger.append(rollback("1", "2"))

    with pytest.raises(Refusal, match="version 2 was rolled back"):
        ledger.append(promotion("2", "1", update_key="again"))
    with pytest.raises(Refusal, match="version 2 was rolled back"):
        ledger.append(promotion("2", "1", update_key="again", reason=""), forced=True)
    ledger.append(promotion("2", "1", update_key="again"), forced=True)
    assert serving(ledger) == ("2", "1")


def test_the_same_act_is_entered_once(ledger: Ledger) -> None:
    first = ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))

    assert ledger.append(promotion("1", None)) == first
    assert len(ledger.entries()) == 2


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
def test_one_changed_byte_anywhere_is_found(ledger: Ledger, url: str, column: str) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))
    ledger.append(promotion("3", "2"))
    changed = "22" if column == "seq" else f"substr({column}, 1, length({column}) - 1) || '~'"
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute(f"UPDATE ledger SET {column} = {changed} WHERE seq = 2")
    database.close()

    # a changed seq also changes the order, so that the break shows at the next entry
    assert ledger.verify() == (3 if column == "seq" else 2)


def test_an_entry_taken_out_of_the_middle_is_found(ledger: Ledger, url: str) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))
    ledger.append(promotion("3", "2"))
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("DELETE FROM ledger WHERE seq = 2")
    database.close()

    assert ledger.verify() == 3


def test_nothing_is_entered_after_an_entry_that_was_changed(ledger: Ledger, url: str) -> None:
    ledger.append(promotion("1", None))
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE ledger SET actor = 'somebody else'")
    database.close()

    with pytest.raises(RegistryError, match="entry 1 of the ledger is not as it was written"):
        ledger.append(promotion("2", "1"))
    assert [entry.version for entry in ledger.entries()] == ["1"]


def test_looking_at_a_ledger_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert Ledger(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}").entries() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("no database at all, however long it may be" * 100)
    with pytest.raises(RegistryError, match="not a database"):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").entries()


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()

    with pytest.raises(RegistryError, match="TIDEGRAPH_LEDGER_URL") as raised:
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").entries()
    assert str(tmp_path) in raised.value.where


@pytest.mark.parametrize("url", ["ledger.db", "nosuchbase://host/ledger"])
def test_an_address_that_is_none_is_refused_with_how_to_write_one(url: str) -> None:
    with pytest.raises(RegistryError, match="TIDEGRAPH_LEDGER_URL"):
        Ledger(url)


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
    """Six race to be first, in a database that is not made yet; then six race to follow the winner."""
    base = None
    for first_version in (1, 7):
        told = race(url, [promotion(str(first_version + place), base) for place in range(6)])

        won = [outcome for outcome in told if outcome.startswith("version ")]
        lost = [outcome for outcome in told if outcome.startswith("the champion changed since")]
        assert (len(won), len(lost)) == (1, 5), told
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
