"""The ledger says who serves, and MLflow's aliases and head follow it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines import registry, tracking
from pipelines.aliases import HEAD, MODEL, mend
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.ledger.book import Ledger
from pipelines.ledger.check import LedgerCheck, check_ledger
from tests.pipelines.registry.versions import Killed, aliases, promotion, registered


@pytest.fixture
def three_entries(context: Context) -> Context:
    """Version 1, then 2, which was rolled back."""
    first, second = registered(context), registered(context, "2017-10-08")
    registry.promote(context, promotion(first, None))
    registry.promote(context, promotion(second, first, "2017-10-08"))
    registry.rollback(context, reason="worse", actor="tester")
    return context


def test_an_alias_without_a_ledger_is_no_fresh_start(context: Context, tmp_path: Path) -> None:
    registry.promote(context, promotion(registered(context), None))
    elsewhere = replace(context.settings, ledger_url=f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(RegistryError, match="ledger is empty, but MLflow says that version 1 serves"):
        registry.sync_aliases(replace(context, settings=elsewhere))


def test_before_the_first_promotion_there_is_no_champion(context: Context) -> None:
    registry.sync_aliases(context)

    assert registry.champion(context) is None
    assert registry.previous(context) is None
    assert check_ledger(context) == LedgerCheck(holds=True, entries=0)


def test_a_promotion_moves_the_aliases_and_the_candidate_is_no_more(context: Context) -> None:
    first, second = registered(context), registered(context, "2017-10-08")

    assert registry.promote(context, promotion(first, None)) is None
    assert aliases(context) == {"champion": "1", "candidate": "2"}
    assert registry.promote(context, promotion(second, first, "2017-10-08")) is None

    assert aliases(context) == {"champion": "2", "previous": "1"}
    champion, previous = registry.champion(context), registry.previous(context)
    assert champion is not None and previous is not None
    assert (champion.version, champion.window, champion.run_id, champion.verdict) == (
        "2", "2017-10-08", "run of 2", "PASS",
    )  # fmt: skip
    assert (previous.version, previous.data_cut) == ("1", "2017-10-01T00:00:00+00:00")
    assert set(champion.to_dict()) == {"version", "window", "data_cut", "run_id", "promoted_at", "verdict"}
    assert registry.promoted_by(context, "update of 2")
    assert not registry.promoted_by(context, "update of 3")


def test_a_promotion_the_ledger_refuses_changes_nothing_and_says_why(context: Context) -> None:
    first, second = registered(context), registered(context, "2017-10-08")
    registry.promote(context, promotion(first, None))

    assert "champion changed" in str(registry.promote(context, promotion(second, None, "2017-10-08")))
    assert "before the champion's cut" in str(registry.promote(context, promotion(second, first, "2017-09-24")))
    assert aliases(context) == {"champion": "1", "candidate": "2"}


def test_killed_between_ledger_and_aliases_the_next_command_mends_them(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = registered(context)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MlflowClient, "set_registered_model_alias", die)
        registry.promote(context, promotion(first, None))
    assert aliases(context) == {"candidate": "1"}

    assert registry.sync_aliases(context) == [
        "champion was none, and is version 1", "candidate was version 1, and is none",
    ]  # fmt: skip
    assert aliases(context) == {"champion": "1"}
    assert registry.sync_aliases(context) == []


def test_killed_before_the_head_is_noted_the_ledger_holds_and_the_next_command_notes_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = registered(context), registered(context, "2017-10-08")
    registry.promote(context, promotion(first, None))

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MlflowClient, "set_registered_model_tag", die)
        registry.promote(context, promotion(second, first, "2017-10-08"))

    assert check_ledger(context) == LedgerCheck(holds=True, entries=2)
    assert registry.sync_aliases(context) == ["the head was entry 1, and is entry 2"]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_ledger_cut_short_is_found_and_neither_moves_an_alias_nor_takes_an_entry(
    three_entries: Context, left: int
) -> None:
    before = aliases(three_entries)
    with closing(sqlite3.connect(three_entries.path("ledger.db"))) as database:
        database.execute("DELETE FROM ledger WHERE seq > ?", (left,))
        database.commit()

    check = check_ledger(three_entries)
    assert (check.holds, check.entries, check.broken_at) == (False, left, 3)
    with pytest.raises(RegistryError, match=r"cut short|ledger is empty"):
        registry.sync_aliases(three_entries)
    with pytest.raises(RegistryError, match="does not have entry 3"):
        registry.promote(three_entries, promotion("3", "1" if left == 1 else "2", "2017-10-15"))
    assert aliases(three_entries) == before


def test_another_end_of_the_ledger_than_mlflow_noted_is_found(three_entries: Context) -> None:
    """The last entry is exchanged for one that is chained as it should be."""
    with closing(sqlite3.connect(three_entries.path("ledger.db"))) as database:
        database.execute("DELETE FROM ledger WHERE seq = 3")
        database.commit()
    Ledger(three_entries.settings.ledger_url).append(promotion("3", "2", "2017-10-15"))

    check = check_ledger(three_entries)
    assert (check.holds, check.broken_at) == (False, 3)


def test_a_head_that_was_noted_from_an_older_look_does_not_go_back(three_entries: Context) -> None:
    client = tracking.open_client(three_entries)
    noted = client.get_registered_model(MODEL).tags[HEAD]
    mend(client, client.get_registered_model(MODEL), registry.entries(three_entries)[:2])

    assert client.get_registered_model(MODEL).tags[HEAD] == noted


def test_a_rollback_restores_the_previous_version_and_the_other_is_not_promoted_again(context: Context) -> None:
    first, second = registered(context), registered(context, "2017-10-08")
    registry.promote(context, promotion(first, None))
    registry.promote(context, promotion(second, first, "2017-10-08"))

    entry = registry.rollback(context, reason="worse", actor="tester")

    assert (entry.kind, entry.version, entry.base_version, entry.reason) == ("rollback", "1", "2", "worse")
    assert aliases(context) == {"champion": "1"}
    again = replace(promotion(second, first, "2017-10-08"), update_key="again")
    assert "version 2 was rolled back" in str(registry.promote(context, again))
    assert registry.promote(context, replace(again, reason="checked by hand"), forced=True) is None
    assert aliases(context) == {"champion": "2", "previous": "1"}


def test_a_rollback_to_an_earlier_champion_undoes_several_promotions_in_one_entry(context: Context) -> None:
    windows = ("2017-10-01", "2017-10-08", "2017-10-15")
    versions = [registered(context, window) for window in windows]
    for version, base, window in zip(versions, [None, *versions], windows, strict=False):
        registry.promote(context, promotion(version, base, window))

    entry = registry.rollback(context, reason="worse", actor="tester", to=registry.entries(context)[0])

    assert (entry.seq, entry.version, entry.previous_version, entry.snapshots) == (4, "1", "3", "snapshot/2017-10-01")
    assert aliases(context) == {"champion": "1"}


def test_a_rollback_without_a_previous_version_is_refused_and_the_champion_stays(context: Context) -> None:
    with pytest.raises(RegistryError, match="nothing was promoted yet"):
        registry.rollback(context, reason="worse", actor="tester")
    registry.promote(context, promotion(registered(context), None))

    with pytest.raises(RegistryError, match="no version was promoted before 1"):
        registry.rollback(context, reason="worse", actor="tester")
    assert aliases(context) == {"champion": "1"}
