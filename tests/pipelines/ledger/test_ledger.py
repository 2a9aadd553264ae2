"""What the ledger lets in, what it refuses, and who serves by it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.ledger.book import Ledger, Refusal
from pipelines.ledger.rules import frozen, rolled_back
from tests.pipelines.ledger.drafts import freeze, promotion, rollback, serving, thaw


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
