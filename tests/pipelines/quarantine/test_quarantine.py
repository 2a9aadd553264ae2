"""Quarantined rows are shown, mended and rejoin the window they belong to, with their history kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.context import Context, read_context
from pipelines.errors import ContractError, SourceError, StoreError
from pipelines.files import digest_files, read_table
from pipelines.graphs.files import read_graph
from pipelines.jobs import update_job
from pipelines.quarantine.refused import list_holdings, read_refused, read_repaired
from pipelines.quarantine.repairing import repair
from pipelines.quarantine.replaying import replay
from pipelines.runner import run_step
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.snapshots.partitions import read_events
from pipelines.status import read_status
from tests.drop import UNTIL, copy_home, events, window

NEXT = window(6)


@pytest.fixture(scope="module")
def flawed(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose window UNTIL has three refused rows: without a user, with quantity "two", of an unknown type."""
    folder = tmp_path_factory.mktemp("flawed") / "shop"
    context = read_context(environment=copy_home(bootstrapped, folder))
    rows = events(5).reset_index(drop=True).astype({"quantity": "object"})
    rows.loc[3, "user_id"], rows.loc[7, "quantity"], rows.loc[9, "event_type"] = None, "two", "ponder"
    rows.to_csv(context.settings.drop / UNTIL / "events.csv", index=False)
    for step in ("collect", "validate", "snapshot", "refresh"):
        run_step(step, update_job(UNTIL, context), context)
    return folder


@pytest.fixture
def context(flawed: Path, tmp_path: Path) -> Context:
    return read_context(environment=copy_home(flawed, tmp_path / "shop"))


def fix(context: Context, *rows: dict[str, object]) -> Path:
    path = context.settings.home / "fix.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_the_list_tells_rows_and_reasons_by_window(context: Context) -> None:
    (holding,) = list_holdings(context)
    assert (holding.window, holding.table, holding.rows) == (UNTIL, "events", 3)
    assert {"user-id-known", "cells-readable", "event-type-in-set"} <= set(holding.reasons)
    assert read_refused(UNTIL, context)["row"].tolist() == [3, 7, 9]


def test_repaired_rows_rejoin_their_window_and_the_next_update_folds_them(context: Context) -> None:
    before = read_graph(context.path("graphs", UNTIL, "end")).edges["count"].sum()
    assert repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context) == {"window": UNTIL, "rows": [3]}
    repair(UNTIL, fix(context, {"row": 7, "quantity": 2}), context)
    replayed = replay(context, UNTIL)
    assert (replayed["rows"], replayed["arrives"]) == (2, NEXT)
    assert replayed["tags"] == {UNTIL: f"snapshot/{UNTIL}.r2"}
    partition = open_data_registry(context).partition_path(UNTIL)
    assert read_table(partition / f"replay-{NEXT}.parquet")["quantity"].tolist() == [1.0, 2.0]
    for step in ("collect", "validate", "snapshot", "refresh"):
        run_step(step, update_job(NEXT, context), context)
    after = read_graph(context.path("graphs", NEXT, "end")).edges["count"].sum()
    assert after == before + len(events(6)) + 2


def test_the_history_tells_what_was_changed_by_whom_and_why(context: Context) -> None:
    repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context)
    (line,) = context.path("repairs", UNTIL, "history.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["row"], told["before"], told["after"]) == (3, {"user_id": None}, {"user_id": "u1"})
    assert "user-id-known" in told["reasons"]
    assert told["actor"] == context.settings.actor
    assert read_refused(UNTIL, context)["row"].tolist() == [3, 7, 9]


def history(context: Context) -> list[dict[str, Any]]:
    return [json.loads(line) for line in context.path("repairs", UNTIL, "history.jsonl").read_text().splitlines()]


def test_the_same_repair_once_more_leaves_the_history_as_it_was(context: Context) -> None:
    once = repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context)
    before = history(context)
    assert repair(UNTIL, fix(context, {"row": 3, "user_id": "u1", "quantity": "1.0"}), context) == once
    assert history(context) == before


def test_a_repair_of_a_repaired_row_is_told_against_that_repair(context: Context) -> None:
    repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context)
    rows = {"row": 3, "quantity": 2, "user_id": "u2"}, {"row": 7, "quantity": 5, "user_id": "u7"}
    repair(UNTIL, fix(context, *rows), context)
    _, again, other = history(context)
    assert again["before"] == {"user_id": "u1", "quantity": "1"}
    assert again["after"] == {"user_id": "u2", "quantity": "2"}
    assert (again["row"], other["row"]) == (3, 7)
    assert other["before"]["quantity"] is None


def test_a_second_repair_keeps_what_the_first_one_mended(context: Context) -> None:
    repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context)
    repair(UNTIL, fix(context, {"row": 3, "quantity": 2}), context)
    (row,) = read_repaired(UNTIL, context).to_dict("records")
    assert (row["user_id"], row["quantity"]) == ("u1", 2)
    assert history(context)[1]["before"] == {"quantity": "1"}


def test_replaying_twice_changes_nothing(context: Context) -> None:
    repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context)
    assert read_status(context)["quarantined"] == 3
    replay(context)
    assert read_status(context)["quarantined"] == 2
    partition = open_data_registry(context).partition_path(UNTIL)
    once = digest_files(partition)
    assert replay(context)["rows"] == 0
    assert digest_files(partition) == once
    assert read_repaired(UNTIL, context)["replayed"].tolist() == [NEXT]


def test_a_row_that_rejoined_and_is_then_dropped_anew_counts_once(context: Context) -> None:
    repair(UNTIL, fix(context, {"row": 3, "user_id": "u1"}), context)
    replay(context)
    path = context.settings.drop / UNTIL / "events.csv"
    rows = pd.read_csv(path, dtype="str")
    rows.loc[3, "user_id"] = "u1"
    rows.to_csv(path, index=False)
    for step in ("collect", "validate", "snapshot"):
        run_step(step, update_job(UNTIL, context), context)
    belonging = read_events(context, [context.calendar.window(UNTIL)])
    assert not belonging.duplicated(["event_id", "revision"]).any()
    assert belonging["event_id"].eq(rows.loc[3, "event_id"]).sum() == 1


def test_rows_that_still_break_a_promise_are_refused_and_none_is_taken(context: Context) -> None:
    rows = {"row": 3, "user_id": "u1", "quantity": 1}, {"row": 7, "user_id": "u1", "quantity": -2}
    with pytest.raises(ContractError, match="1 of 2 rows still breaks a promise: row 7: purchase-quantity-positive"):
        repair(UNTIL, fix(context, *rows), context)
    assert read_repaired(UNTIL, context).empty


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"row": 4, "user_id": "u1"}], "row 4 is not quarantined"),
        ([{"row": 3, "colour": "red"}], "no column 'colour'"),
        ([{"user_id": "u1"}], "no column `row`"),
        ([{"row": "third", "user_id": "u1"}], "not every `row` is a number"),
        ([{"row": 3, "user_id": "u1"}, {"row": 3, "user_id": "u2"}], "row 3 comes twice"),
    ],
)
def test_a_fix_that_cannot_be_used_is_told(context: Context, rows: list, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        repair(UNTIL, fix(context, *rows), context)


def test_a_window_without_quarantine_is_told(context: Context) -> None:
    with pytest.raises(StoreError, match="no events of window 2024-01-07 are quarantined"):
        read_refused(window(0), context)


def test_rows_that_were_not_mended_do_not_rejoin(context: Context) -> None:
    assert replay(context)["rows"] == 0
    assert replay(context, unchanged=True)["rows"] == 0
