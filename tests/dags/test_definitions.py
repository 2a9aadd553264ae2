"""The DAG files: cheap to read, in the order of the steps, with a form that explains itself."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAINS = {"interest_graph_bootstrap": {"until", "dry_run"}, "interest_graph_update": {"window", "mode", "dry_run"}}
DAGS = CHAINS | {"interest_graph_watch": {"day", "dry_run"}}
HEAVY = ["torch", "mlflow", "pandas", "great_expectations", "dvc", "duckdb", "ibis", "torch_geometric", "implicit"]


@pytest.fixture(scope="module")
def bag(airflow_home):
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(ROOT / "dags"), load_op_links=False)


def test_reading_the_dag_files_imports_nothing_heavy(tmp_path):
    code = (
        "import json, sys, dags.interest_graph_bootstrap, dags.interest_graph_update, dags.interest_graph_watch\n"
        "import pipelines.tasks\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_airflow_reads_all_dags_without_an_error(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == set(DAGS)


@pytest.mark.parametrize("dag_id", CHAINS)
def test_the_tasks_are_the_runners_steps_one_after_the_other_with_the_approval_before_promote(bag, dag_id):
    from pipelines.runner import STEPS

    tasks = {task.task_id: task for task in bag.dags[dag_id].tasks}
    place = STEPS.index("promote")
    order = [*STEPS[:place], "ask", "approval", *STEPS[place:]]

    assert set(tasks) == set(order)
    for before, after in itertools.pairwise(order):
        assert tasks[after].upstream_task_ids == {before}
    assert tasks[order[0]].upstream_task_ids == set()


@pytest.mark.parametrize("dag_id", CHAINS)
def test_who_is_asked_may_approve_or_reject_with_a_reason_and_silence_is_a_no(bag, dag_id):
    from pipelines.promotion.approving import APPROVE, REJECT

    approval = bag.dags[dag_id].get_task("approval")

    assert (approval.options, approval.defaults, approval.multiple) == ([APPROVE, REJECT], [REJECT], False)
    assert list(approval.params) == ["reason"]
    assert "ledger keeps" in approval.params.get_param("reason").description


@pytest.mark.parametrize("dag_id", CHAINS)
def test_only_what_talks_to_the_outside_is_retried_and_waits_longer_each_time(bag, dag_id):
    retried = {task.task_id: task for task in bag.dags[dag_id].tasks if task.retries}

    assert set(retried) == {"collect", "snapshot"}
    assert all(task.retry_exponential_backoff > 1 for task in retried.values())
    assert all(task.max_retry_delay > task.retry_delay for task in retried.values())


@pytest.mark.parametrize("dag_id", DAGS)
def test_one_run_at_a_time_and_none_by_itself(bag, dag_id):
    dag = bag.dags[dag_id]

    assert dag.max_active_runs == 1
    assert not dag.timetable.can_be_scheduled
    assert not dag.catchup


@pytest.mark.parametrize(("dag_id", "fields"), DAGS.items())
def test_each_field_of_the_form_has_a_title_and_a_sentence(bag, dag_id, fields):
    params = bag.dags[dag_id].params

    assert set(params) == fields
    for name in fields:
        param = params.get_param(name)
        assert param.schema["title"], name
        assert param.description.endswith("."), name


def test_a_schedule_from_the_environment_has_the_windows_as_its_intervals(airflow_home, monkeypatch):
    from datetime import UTC, datetime

    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.encoders import coerce_to_core_timetable

    monkeypatch.setenv("TIDEGRAPH_SCHEDULE", "0 0 * * 0")
    dag = DagBag(str(ROOT / "dags"), load_op_links=False).dags["interest_graph_update"]
    timetable = coerce_to_core_timetable(dag.timetable)
    interval = timetable.infer_manual_data_interval(run_after=datetime(2017, 10, 15, tzinfo=UTC))

    assert (f"{interval.start:%Y-%m-%d}", f"{interval.end:%Y-%m-%d}") == ("2017-10-08", "2017-10-15")
