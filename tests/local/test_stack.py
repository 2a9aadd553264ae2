"""Real services, started and stopped."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests
from rich.console import Console

from pipelines.errors import LocalError
from pipelines.local import airflow_server
from pipelines.local.airflow_api import AirflowApi
from pipelines.local.airflow_server import AirflowPlace, prepare
from pipelines.local.plan import DemoRun
from pipelines.local.ports import free_port
from pipelines.local.progress import Progress
from pipelines.local.register import recall, stop_all
from pipelines.local.runs import run_dag
from pipelines.local.services import processes_of
from pipelines.local.stack import start_stack
from pipelines.settings import ROOT


@pytest.fixture(scope="module")
def migrated(tmp_path_factory) -> Path:
    """An Airflow home whose database is ready."""
    home = tmp_path_factory.mktemp("migrated")
    prepare(AirflowPlace(home, free_port()))
    return home / "airflow"


@pytest.fixture
def home(settings, migrated) -> Path:
    """TIDEGRAPH_HOME with that Airflow in it; whatever a test leaves running is stopped at its end."""
    shutil.copytree(migrated, settings.home / "airflow")
    yield settings.home
    stop_all(settings.home)


def sessions(pids) -> list[int]:
    """Processes that live in the sessions named."""
    return [process.pid for process in psutil.process_iter() if _session(process.pid) in pids]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid) if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else -1
    except (OSError, psutil.Error):
        return -1


def test_both_uis_run_on_loopback_only_a_refused_run_tells_why_and_nothing_is_left(settings, home, monkeypatch):
    monkeypatch.setattr(
        airflow_server, "PRELOADED", ("airflow.executors.local_executor",)
    )  # the refused task needs none
    running = start_stack(settings, with_mlflow=True, resume=True, say=lambda _: None)
    pids = {service.pid for service in running.services}
    assert recall(home) == running and running.is_whole
    for url in (running.airflow_url, running.mlflow_url):
        assert requests.get(url, timeout=30).status_code == 200

    with AirflowApi(running.airflow_url) as api, Progress(Console(file=io.StringIO())) as progress:
        api.log_in()
        with pytest.raises(LocalError, match=r"failed in task collect:(.|\n)*field `window`"):
            run_dag(api, DemoRun("interest_graph_update", "update", {}), running, progress)

    listening = {
        connection.laddr.ip
        for process in processes_of(running.services)
        for connection in process.net_connections("all")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}

    assert {service.name for service in stop_all(home)} == {"api-server", "dag-processor", "scheduler", "mlflow"}
    assert sessions(pids) == []


def test_a_demo_that_is_ended_from_outside_leaves_no_process(home):
    env = {**os.environ, "TIDEGRAPH_HOME": str(home)}
    demo = subprocess.Popen(
        [sys.executable, "-m", "pipelines.local", "demo"],
        env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (running := recall(home)) or len(running.services) < 2:
        assert demo.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    pids = {service.pid for service in running.services}
    assert set(sessions(pids)) >= pids

    demo.send_signal(signal.SIGTERM)
    demo.communicate(timeout=60)

    assert demo.returncode == 128 + signal.SIGTERM
    assert sessions(pids) == []
    assert recall(home) is None
