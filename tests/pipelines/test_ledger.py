"""The ledger lets one of two racing promotions in, refuses what its rules forbid, and finds a changed byte."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from pipelines.errors import RegistryError
from pipelines.ledger import Draft, Entry, Ledger, Refusal
from pipelines.ledger_rules import frozen, rolled_back


def promotion(version: str, base: str | None, **changes: Any) -> Draft:
    draft = Draft(
        kind="promotion",
        version=version,
        base_version=base,
        previous_version=base,
        window="2017-10-08",
        data_cut="2017-10-12T00:00:00+00:00",
        run_id="run",
        verdict="PASS",
        verdict_digest="digest",
        reason="better",
        actor="test",
        update_key=f"update of {version}",
        snapshots="snapshot/2017-10-08",
        code="code",
        params_digest="params",
    )
    return replace(draft, **changes)


def rollback(version: str, base: str, key: str = "undo") -> Draft:
    return promotion(version, base, kind="rollback", reason="worse", update_key=key)


def freeze(key: str = "freeze", until: str | None = None) -> Draft:
    empty = dict.fromkeys(("window", "data_cut", "run_id", "verdict", "verdict_digest"), "")
    return promotion("", None, kind="freeze", reason="holidays", update_key=key, until=until, **empty)


def thaw(key: str = "thaw") -> Draft:
    return replace(freeze(key), kind="thaw", reason="over")


@contextmanager
def tampering(url: str) -> Iterator[sqlite3.Connection]:
    """The ledger's own file, open to whoever would change it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        yield database
        database.commit()


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


def fill(ledger: Ledger) -> None:
    """One entry of each kind."""
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))
    ledger.append(freeze(until="2099-01-01T00:00:00+00:00"))
    ledger.append(rollback("1", "2"))
    ledger.append(thaw())


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
def test_one_changed_byte_in_any_field_of_any_entry_is_found(ledger: Ledger, url: str, column: str) -> None:
    fill(ledger)
    whole = Path(url.removeprefix("sqlite:///")).read_bytes()
    for seq in range(1, 6):
        Path(url.removeprefix("sqlite:///")).write_bytes(whole)
        changed = {"seq": "22", "format": "3"}.get(column, f"coalesce(substr({column}, 2), '') || '~'")
        with tampering(url) as database:
            database.execute(f"UPDATE ledger SET {column} = {changed} WHERE seq = {seq}")
        # a changed seq also changes the order, so that the break shows at the entry now in its place
        found = {"seq": seq + 1 if seq < 5 else 22}.get(column, seq)
        assert ledger.verify() == found, (seq, column)


@pytest.mark.parametrize("column", ["base_version", "previous_version", "snapshots", "until", "format"])
def test_a_field_that_was_emptied_is_found(ledger: Ledger, url: str, column: str) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1", until="2099-01-01T00:00:00+00:00"))
    with tampering(url) as database:
        database.execute(f"UPDATE ledger SET {column} = NULL WHERE seq = 2")
    assert ledger.verify() == 2


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM ledger WHERE seq = 2", 3),
        ("DELETE FROM ledger WHERE seq = 1", 2),
        ("UPDATE ledger SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE seq END WHERE seq IN (2, 3)", -3),
        ("UPDATE ledger SET seq = seq + 1 WHERE seq = 5", 6),
    ],
    ids=["one taken out", "the first taken out", "two in each other's place", "a gap"],
)
def test_entries_that_are_missing_or_moved_are_found(ledger: Ledger, url: str, change: str, found: int) -> None:
    fill(ledger)
    with tampering(url) as database:
        database.execute(change)
    assert ledger.verify() == found


def test_an_entry_put_in_between_is_found(ledger: Ledger, url: str) -> None:
    fill(ledger)
    with tampering(url) as database:
        database.execute("UPDATE ledger SET seq = -seq WHERE seq > 2")
        database.execute("UPDATE ledger SET seq = 1 - seq WHERE seq < 0")
        names = ", ".join(field.name for field in fields(Entry) if field.name not in ("seq", "update_key", "follows"))
        one_more = f"SELECT 3, 'another', 'another', {names} FROM ledger WHERE seq = 2"
        database.execute(f"INSERT INTO ledger (seq, update_key, follows, {names}) {one_more}")
    assert ledger.verify() == 3


def test_nothing_is_entered_after_an_entry_that_was_changed(ledger: Ledger, url: str) -> None:
    ledger.append(promotion("1", None))
    with tampering(url) as database:
        database.execute("UPDATE ledger SET actor = 'somebody else'")

    with pytest.raises(RegistryError, match="entry 1 of the ledger is not as it was written"):
        ledger.append(promotion("2", "1"))
    assert [entry.version for entry in ledger.entries()] == ["1"]


def test_an_entry_keeps_what_the_version_was_made_from_and_who_served_before(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))
    entry = ledger.append(promotion("3", "1", base_version="2"))

    assert (entry.previous_version, entry.base_version) == ("1", "2")
    assert (entry.snapshots, entry.code, entry.params_digest) == ("snapshot/2017-10-08", "code", "params")
    assert ledger.entries()[1] == entry


def test_one_rollback_undoes_all_promotions_after_the_version_it_restores(ledger: Ledger) -> None:
    for version, base in (("1", None), ("2", "1"), ("3", "2"), ("4", "3")):
        ledger.append(promotion(version, base))
    ledger.append(rollback("2", "4"))

    assert serving(ledger) == ("2", "1")
    assert rolled_back(ledger.entries()) == {"3", "4"}


def test_a_rollback_to_a_version_promoted_twice_undoes_no_more_than_it_must(ledger: Ledger) -> None:
    for version, base in (("1", None), ("2", "1")):
        ledger.append(promotion(version, base))
    ledger.append(promotion("1", "2", update_key="again"))
    ledger.append(promotion("3", "1"))
    ledger.append(rollback("1", "3"))

    assert serving(ledger) == ("1", "2")


def test_while_frozen_nothing_is_promoted_and_rolling_back_is_allowed(ledger: Ledger) -> None:
    ledger.append(promotion("1", None))
    ledger.append(promotion("2", "1"))
    ledger.append(freeze())

    for forced in (False, True):
        with pytest.raises(Refusal, match=r"promotions are frozen by test, since .*: holidays"):
            ledger.append(promotion("3", "2"), forced=forced)
    ledger.append(rollback("1", "2"))
    ledger.append(thaw())
    ledger.append(promotion("3", "1"))
    assert serving(ledger) == ("3", "1")


def test_a_freeze_that_has_ended_holds_nothing_back_and_a_newer_one_takes_the_place_of_an_older(ledger: Ledger) -> None:
    ledger.append(freeze("one"))
    ledger.append(freeze("two", until="2020-01-01T00:00:00+00:00"))

    assert ledger.append(promotion("1", None)).previous_version is None
    assert frozen(ledger.entries()[:2], datetime(2019, 12, 31, tzinfo=UTC)).update_key == "two"


def test_what_is_not_frozen_is_not_lifted(ledger: Ledger) -> None:
    with pytest.raises(Refusal, match="not frozen"):
        ledger.append(thaw())
    assert ledger.entries() == []


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
