"""The DAG of the watch: what is found decides what is skipped, and a rollback or a failure is told to people."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pipelines.errors import StoreError, WindowError
from pipelines.tasks import day_of_run
from tests.drop import UNTIL, copy_home, window

MONDAY = datetime(2017, 10, 16, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))


@pytest.fixture
def finds(monkeypatch):
    """Make the parts of the watch end as told, by name; gives the calls."""
    calls: list[tuple[str, str, bool]] = []

    def arrange(**told: Any) -> list[tuple[str, str, bool]]:
        def look_at(part: str, day: str, context: Any, *, dry_run: bool) -> Any:
            calls.append((part, day, dry_run))
            end = told.get(part, {})
            if isinstance(end, Exception):
                raise end
            return end

        monkeypatch.setattr("pipelines.watching.looking.look_at", look_at)
        return calls

    return arrange


@pytest.fixture
def heard(monkeypatch) -> Iterator[list[str]]:
    """What a chat's webhook on this machine was told."""
    texts: list[str] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TIDEGRAPH_NOTIFY_URL", f"http://127.0.0.1:{server.server_port}/hook")
    yield texts
    server.shutdown()
    server.server_close()


def test_a_quiet_day_skips_the_rollback_and_tells_nobody(run_dag, finds, heard):
    calls = finds(act={"rolled_back": False, "reason": "nothing to undo: no loss is proven"})
    run = run_dag("interest_graph_watch", day="2017-10-16")
    assert run.state == "success"
    assert run.tasks == {"grade": "success", "drift": "success", "judge": "success", "roll_back": "skipped"}
    assert sorted(calls) == [(part, "2017-10-16", False) for part in ("act", "drift", "grade", "judge")]
    order = [part for part, _, _ in calls]
    assert order.index("grade") < order.index("judge") < order.index("act") and order.index("grade") < order.index(
        "drift"
    )
    assert heard == []


def test_a_rollback_is_told_to_the_webhook_with_versions_and_reason(run_dag, finds, heard):
    finds(
        act={
            "rolled_back": True,
            "from": "4",
            "to": "3",
            "reason": "the watch of 2017-10-16: it is worse",
            "proof": "ok",
        }
    )
    run = run_dag("interest_graph_watch", day="2017-10-16")
    assert run.tasks["roll_back"] == "success"
    assert len(heard) == 1
    assert "version 3 serves again, was 4" in heard[0] and "it is worse" in heard[0]


def test_a_proven_regression_that_is_left_to_people_is_told_to_them(run_dag, finds, heard):
    finds(act={"rolled_back": False, "held": True, "reason": "watch.cool_off asks for 14 days"})
    run = run_dag("interest_graph_watch", day="2017-10-16")
    assert run.tasks["roll_back"] == "success"
    assert len(heard) == 1 and "did not roll back: watch.cool_off" in heard[0]


def test_a_drift_that_cannot_be_measured_keeps_nothing_from_being_judged(run_dag, finds, heard):
    finds(
        drift=StoreError("the graph is damaged", where="graphs", mend="restore it"),
        act={"rolled_back": False, "reason": ""},
    )
    run = run_dag("interest_graph_watch", day="2017-10-16")
    assert (run.tasks["judge"], run.tasks["roll_back"], run.tasks["drift"]) == ("success", "skipped", "failed")
    assert len(heard) == 1 and "failed in task drift" in heard[0]


def test_a_failed_look_is_told_too_and_rolls_nothing_back(run_dag, finds, heard):
    finds(judge=StoreError("there are no grades", where="watch", mend="grade the day"))
    run = run_dag("interest_graph_watch", day="2017-10-16")
    assert run.state == "failed"
    assert run.tasks["roll_back"] == "upstream_failed"
    assert len(heard) == 1 and "failed in task judge" in heard[0]


def test_a_dry_run_reaches_every_part_and_skips_the_rollback(run_dag, finds):
    calls = finds(act=None)
    run = run_dag("interest_graph_watch", day="2017-10-16", dry_run=True)
    assert run.tasks["roll_back"] == "skipped"
    assert all(dry_run for _, _, dry_run in calls)


def test_a_day_of_a_real_shop_is_looked_at_whole(run_dag, updated, tmp_path, monkeypatch):
    for name, value in copy_home(updated, tmp_path / "shop").items():
        monkeypatch.setenv(name, value)
    day = window(6)
    run = run_dag("interest_graph_watch", day=day)
    assert run.state == "success"
    assert run.tasks == {"grade": "success", "judge": "success", "roll_back": "skipped", "drift": "success"}
    assert run.results["grade"] == {"day": day, "window": UNTIL, "k": 20, "users": 90, "without_list": 0}
    kept = {path.name for path in (tmp_path / "shop" / "var" / "watch" / day).iterdir()}
    assert kept == {"graded.json", "grades.parquet", "finding.json", "action.json", "drift.json"}


def test_a_run_without_a_day_is_refused_with_the_name_of_the_forms_field(run_dag, finds, capfd):
    finds()
    run = run_dag("interest_graph_watch")
    assert run.state == "failed"
    assert "field `day`" in "".join(capfd.readouterr())


def test_a_scheduled_run_is_about_the_day_of_its_interval():
    ask = {"run_type": "scheduled", "start": MONDAY, "end": MONDAY + timedelta(days=1)}
    assert day_of_run(None, **ask) == "2017-10-16"
    assert day_of_run("2017-10-01", **ask) == "2017-10-01"
    assert day_of_run(None, **ask | {"run_type": "manual"}) is None
    for end in (MONDAY + timedelta(days=7), MONDAY):
        with pytest.raises(WindowError, match="is no day"):
            day_of_run(None, **ask | {"end": end})
    at_four = {"start": MONDAY + timedelta(hours=4), "end": MONDAY + timedelta(hours=28)}
    assert day_of_run(None, run_type="scheduled", **at_four) == "2017-10-16"


def test_a_schedule_of_the_watch_has_days_as_its_intervals(airflow_home, monkeypatch):
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.encoders import coerce_to_core_timetable

    from tests.dags.test_definitions import ROOT

    monkeypatch.setenv("TIDEGRAPH_WATCH_SCHEDULE", "0 0 * * *")
    dag = DagBag(str(ROOT / "dags"), load_op_links=False).dags["interest_graph_watch"]
    timetable = coerce_to_core_timetable(dag.timetable)
    interval = timetable.infer_manual_data_interval(run_after=MONDAY + timedelta(days=1))
    assert (interval.start, interval.end) == (MONDAY, MONDAY + timedelta(days=1))
