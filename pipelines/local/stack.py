"""Starting and stopping the services together, and waiting until they can be used."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from pipelines.errors import LocalError
from pipelines.local import airflow_server, mlflow_server
from pipelines.local.airflow_api import AirflowApi
from pipelines.local.airflow_server import AirflowPlace
from pipelines.local.mlflow_server import MlflowPlace
from pipelines.local.ports import free_port
from pipelines.local.register import Running, remember, stop_all
from pipelines.local.services import Service, require_running
from pipelines.settings import Settings

DAGS = ("interest_graph_bootstrap", "interest_graph_update")
PATIENCE = 120.0
"""Seconds a service may take until it answers; a busy two-core machine needs about fifteen."""


def start_stack(settings: Settings, *, with_mlflow: bool, resume: bool, say: Callable[[str], None]) -> Running:
    """Start Airflow (and MLflow), wait until both DAGs can be triggered, and give what runs.

    `resume`: whether runs that an earlier Airflow left unfinished go on; otherwise they are marked failed.
    When anything goes wrong, Ctrl-C included, everything started is stopped again.
    """
    stop_all(settings.home)
    try:
        return _start(settings, with_mlflow=with_mlflow, resume=resume, say=say)
    except BaseException:
        stop_all(settings.home)
        raise


def _start(settings: Settings, *, with_mlflow: bool, resume: bool, say: Callable[[str], None]) -> Running:
    place = AirflowPlace(settings.home, free_port())
    say("preparing Airflow's database")
    airflow_server.prepare(place)
    say("starting Airflow")
    began = datetime.now(UTC)
    running = Running(place.url, None, ())
    for start in (airflow_server.start_api_server, airflow_server.start_dag_processor):
        running = _add(settings, running, start(place))
    if with_mlflow:
        mlflow = MlflowPlace(settings, free_port())
        running = Running(place.url, mlflow.url, running.services)
        running = _add(settings, running, mlflow_server.start_mlflow(mlflow, place.environment()))
    with AirflowApi(place.url) as api:
        _wait(api.is_up, running, "Airflow's API server")
        api.log_in()
        if not resume:
            fail_unfinished(api)
        # Last, so that it finds no run that was to be ended.
        running = _add(settings, running, airflow_server.start_scheduler(place))
        _wait(lambda: _are_parsed(api, began), running, "Airflow's DAG processor")
    if running.mlflow_url:
        url = running.mlflow_url
        _wait(lambda: mlflow_server.is_up(url), running, "MLflow")
    return running


def fail_unfinished(api: AirflowApi) -> None:
    """Mark failed what an interrupted Airflow left running: with one run at a time it would bar every new one."""
    for dag in DAGS:
        if api.parsed_at(dag) is not None:
            for run in api.unfinished(dag):
                api.fail(dag, run)


def _add(settings: Settings, running: Running, service: Service) -> Running:
    running = Running(running.airflow_url, running.mlflow_url, (*running.services, service))
    remember(settings.home, running)
    return running


def _are_parsed(api: AirflowApi, since: datetime) -> bool:
    """Whether both DAGs were read since, so that a run sees this code's DAGs and not an older one's."""
    errors = api.import_errors()
    if errors:
        raise LocalError(f"a DAG file cannot be read: {'; '.join(errors)}", where="dags/", mend="mend the file named")
    parsed = [api.parsed_at(dag) for dag in DAGS]
    return all(moment is not None and datetime.fromisoformat(moment) >= since for moment in parsed)


def _wait(is_ready: Callable[[], bool], running: Running, who: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_ready():
        require_running(running.services)
        if time.monotonic() > deadline:
            raise LocalError(
                f"{who} was not ready after {PATIENCE:.0f} seconds",
                where=", ".join(service.log for service in running.services),
                mend="look into the logs; on a very busy machine run the same command again",
            )
        time.sleep(0.25)
