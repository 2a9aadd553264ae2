"""The main job on this machine: bootstrap, then three updates, each a DAG run under Airflow's scheduler."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from rich.console import Console

from pipelines.local.airflow_api import AirflowApi
from pipelines.local.memory import PeakMemory
from pipelines.local.plan import RUNS
from pipelines.local.progress import Progress
from pipelines.local.register import Running, recall, stop_all
from pipelines.local.runs import run_dag
from pipelines.local.services import processes_of
from pipelines.local.stack import start_stack
from pipelines.locks import hold
from pipelines.settings import Settings


def run_demo(settings: Settings, console: Console, *, measure_memory: bool = False) -> PeakMemory | None:
    """Run the demo's DAG runs one after the other; the memory they took, where asked.

    What `up` started is used and left running; an Airflow of the demo's own is stopped when it ends, however it ends.
    """
    with hold(settings.home / "locks", "local"), Progress(console) as progress:
        memory = PeakMemory(lambda: _processes(settings)) if measure_memory else None
        if memory is None:
            _run_all(settings, progress)
        else:
            with memory:
                _run_all(settings, progress)
        return memory


def _run_all(settings: Settings, progress: Progress) -> None:
    with _airflow(settings, progress) as running, AirflowApi(running.airflow_url) as api:
        api.log_in()
        for asked in RUNS:
            run_dag(api, asked, running, progress)


@contextmanager
def _airflow(settings: Settings, progress: Progress) -> Iterator[Running]:
    found = recall(settings.home)
    if found and found.is_whole:
        progress.say("using the Airflow that `up` started")
        yield found
        return
    try:
        yield start_stack(settings, with_mlflow=False, resume=False, say=progress.say)
    finally:
        progress.say("stopping Airflow")
        stop_all(settings.home)


def _processes(settings: Settings) -> list[psutil.Process]:
    """This process, its children, and all that the services' sessions hold."""
    running = recall(settings.home)
    own = psutil.Process(os.getpid())
    found = {process.pid: process for process in [own, *own.children(recursive=True)]}
    found |= {process.pid: process for process in processes_of(running.services if running else ())}
    return list(found.values())
