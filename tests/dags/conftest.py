"""An Airflow of the tests' own: its home folder, its migrated database, and DAG runs in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class FinishedRun:
    """How a DAG run ended: its state, its tasks' states, and what its tasks returned, by task id."""

    state: str
    tasks: dict[str, str]
    results: dict[str, Any]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """AIRFLOW_HOME of this test session, with a migrated SQLite database and the repository's DAG folder."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
            patch.delenv(name)
        for name, value in _environment(home).items():
            patch.setenv(name, value)
        from airflow.utils.db import initdb

        initdb()
        yield home


@pytest.fixture
def run_dag(airflow_home: Path) -> Callable[..., FinishedRun]:
    """`run_dag("interest_graph_update", window="2017-10-08")`: a manual run with the form filled in, to its end."""
    return _run_dag


def _environment(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }


def _run_dag(dag_id: str, **form: Any) -> FinishedRun:
    import copy
    import importlib
    import time
    from unittest.mock import patch

    dag = getattr(importlib.import_module(f"dags.{dag_id}"), dag_id)()
    # a waiting task lets Airflow write the form into the DAG's own params, which the next DAG of this process shares
    dag.params = copy.deepcopy(dag.params)
    sleep = time.sleep
    # Airflow's test loop sleeps a second for each task that cannot run any more.
    with patch("time.sleep", lambda seconds: sleep(min(seconds, 0.01))):
        run = dag.test(logical_date=None, run_conf=form)
    instances = run.get_task_instances()
    return FinishedRun(
        state=str(run.state),
        tasks={one.task_id: str(one.state) for one in instances},
        results={one.task_id: one.xcom_pull(task_ids=one.task_id) for one in instances},
    )
