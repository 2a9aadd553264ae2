"""Running a DAG through the REST API and waiting for its end."""

from __future__ import annotations

import time
from pathlib import Path
from textwrap import indent

from pipelines.errors import LocalError
from pipelines.local.airflow_api import AirflowApi
from pipelines.local.plan import DemoRun
from pipelines.local.progress import OVER, Progress
from pipelines.local.register import Running
from pipelines.local.services import require_running

_PERIOD = 1.0
"""Seconds between two looks at a run; each costs the API server some hundredths of a CPU second."""


def run_dag(api: AirflowApi, asked: DemoRun, running: Running, progress: Progress) -> None:
    """Trigger the run asked for and follow it to its end.

    Raises LocalError with the failing task's own message when the run fails.
    """
    progress.begin(asked.title)
    api.unpause(asked.dag)
    run = api.trigger(asked.dag, asked.form)
    while (state := _look(api, asked.dag, run, progress)) is None:
        require_running(running.services)
        time.sleep(_PERIOD)
    progress.end(state)
    if state == "failed":
        raise _failure(api, asked, run)


def _look(api: AirflowApi, dag: str, run: str, progress: Progress) -> str | None:
    """Show where the run is; the state it ended in, None while it goes on."""
    tasks = api.tasks(dag, run)
    progress.show(tasks)
    if not all(task["state"] in OVER for task in tasks):
        return None
    state = api.run_state(dag, run)
    return state if state in ("success", "failed") else None


def _failure(api: AirflowApi, asked: DemoRun, run: str) -> LocalError:
    failed = [task for task in api.tasks(asked.dag, run) if task["state"] == "failed"]
    if not failed:
        return LocalError(
            f"{asked.title} failed before any of its tasks did",
            where=f"DAG run {asked.dag}/{run}",
            mend="it was marked failed, or its DAG changed while it ran: run the same command again",
        )
    first = failed[0]
    log = Path("airflow", "logs", f"dag_id={asked.dag}", f"run_id={run}", f"task_id={first['task_id']}")
    return LocalError(
        f"{asked.title} failed in task {first['task_id']}:\n{indent(api.error_of(asked.dag, run, first), '    ')}",
        where=f"{log}/attempt={first['try_number']}.log below TIDEGRAPH_HOME",
        mend="do what the message above says, then run the same command again: finished steps are not repeated",
    )
