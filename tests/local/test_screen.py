"""What the demo shows: progress, the reason of a failure, and the table."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.local.airflow_api import find_error
from pipelines.local.plan import BOOTSTRAP, RUNS, UNTIL, WINDOWS
from pipelines.local.progress import Progress
from pipelines.local.table import print_tables, read_rows
from pipelines.params.file import read_params
from pipelines.settings import ROOT

ROW = {
    "window": "2017-10-08", "mode": "incremental", "accepted": 28123, "quarantined": 170, "edges_born": 15000,
    "edges_faded": 0, "fit_seconds": 7.25, "verdict": "PASS", "reason": "no worse than the champion",
    "champion_version": "2", "k": 20,
    "metrics": {
        "candidate": {
            "all": {"ndcg_at_20": 0.25514, "recall_at_20": 0.2012}, "new": {"ndcg_at_20": 0.03, "recall_at_20": None},
        },
        "popularity": {"all": {"ndcg_at_20": 0.1, "recall_at_20": 0.09}},
    },
}  # fmt: skip


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200, highlight=False)


def task(name, state, seconds=None, began=None):
    start = None if began is None else f"2017-10-08T00:00:{began:02.0f}Z"
    return {"task_id": name, "state": state, "duration": seconds, "start_date": start}


def test_without_a_terminal_each_finished_task_is_one_line_told_once(console):
    with Progress(console) as progress:
        progress.begin("update 2017-10-08")
        progress.show([task("validate", "running", began=3), task("collect", "success", 2.0, 1), task("promote", None)])
        progress.show([task("validate", "success", 3.0, 3), task("collect", "success", 2.0, 1), task("promote", None)])
        progress.end("success")

    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert lines[0] == "update 2017-10-08"
    assert lines[1:3] == ["update 2017-10-08 collect done 2.0 s", "update 2017-10-08 validate done 3.0 s"]
    assert lines[3].startswith("update 2017-10-08: success after")


def test_a_task_that_was_skipped_is_told_after_the_one_that_skipped_it(console):
    with Progress(console) as progress:
        progress.begin("update 2017-10-08")
        progress.show([task("approval", "skipped", began=2), task("ask", "running", began=1)])
        progress.show([task("approval", "skipped", began=2), task("ask", "success", 2.0, 1)])

    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert lines[1:] == ["update 2017-10-08 ask done 2.0 s", "update 2017-10-08 approval skipped"]


def test_the_error_of_a_task_is_the_last_one_in_its_log():
    log = [
        "::group::",
        {"level": "error", "event": "Downloading: 100%"},
        {"event": "Task failed", "error_detail": [{"exc_type": "AirflowFailException", "exc_value": "no events"}]},
        {"level": "info", "event": "Post Execute"},
    ]  # fmt: skip
    assert find_error(log) == "no events"
    assert find_error(log[:2]) == "Downloading: 100%"
    assert find_error([]) is None


def test_the_table_shows_each_window_with_both_slices_and_its_reason(console):
    print_tables(console, [ROW])

    text = console.file.getvalue()
    for shown in (
        "28,123",
        "170",
        "7.2",
        ".2551/.2012",
        ".1000/.0900",
        ".0300/–",
        "PASS: no worse than the champion",
    ):
        assert shown in text


def test_a_row_of_which_nothing_is_known_yet_is_shown_as_dashes(console):
    print_tables(console, [dict.fromkeys(ROW) | {"window": "2017-10-15"}])

    assert "2017-10-15 –: –" in console.file.getvalue()


def test_rows_are_read_by_window_and_a_missing_one_is_named(tmp_path):
    place = tmp_path / "updates" / "2017-10-08" / "row.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(ROW))

    assert read_rows(tmp_path, ["2017-10-08"]) == [ROW]
    with pytest.raises(StoreError, match=r"row\.json") as raised:
        read_rows(tmp_path, ["2017-10-08", "2017-10-15"])
    assert "2017-10-15" in str(raised.value)


def test_the_demo_goes_through_the_calendar_without_a_gap(settings):
    calendar = Context(settings, read_params(ROOT / "params.yaml")).calendar

    assert calendar.until(UNTIL)[-1].name == BOOTSTRAP
    assert [UNTIL, *[calendar.at(calendar.index(calendar.window(name)) + 1).name for name in WINDOWS[:-1]]] == list(
        WINDOWS
    )
    assert [asked.form for asked in RUNS] == [{"until": UNTIL}, *({"window": window} for window in WINDOWS)]


def test_on_a_terminal_the_line_tells_the_run_its_running_task_and_how_many_are_over():
    console = Console(file=io.StringIO(), width=120, force_terminal=True, highlight=False)
    with Progress(console) as progress:
        progress.begin("update 2017-10-08")
        progress.show([task("collect", "success", 2.0), task("validate", "running"), task("snapshot", None)])
    text = console.file.getvalue()

    assert "update 2017-10-08  1/3  validate  0 s" in text
