"""The ledger finds a changed byte, and an entry that is missing, moved or put in."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.ledger.book import Entry, Ledger
from tests.pipelines.ledger.drafts import freeze, promotion, rollback, tampering, thaw


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
