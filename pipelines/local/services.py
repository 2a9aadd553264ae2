"""Services: processes that run in a session of their own, so that they can be found and stopped with all they started.

A process group would not do: Airflow puts each task into a new group. None of them starts a new session.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipelines.errors import LocalError
from pipelines.settings import PYTHON

_SAME_START = 2.0
"""Seconds by which two readings of one process's start may differ (the clock may have been set meanwhile)."""


@dataclass(frozen=True)
class Service:
    """A started process, leader of its own session. `started` is in seconds since the Unix epoch."""

    name: str
    pid: int
    started: float
    folder: str
    log: str


def start_service(name: str, arguments: list[str], *, env: Mapping[str, str], folder: Path, log: Path) -> Service:
    """Start `python ARGUMENTS` in `folder`, in a session of its own; its output goes to the file `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, *arguments],
            env=dict(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.returncode = 0  # it is watched and reaped through psutil: keep Popen from warning that it still runs
    started = psutil.Process(process.pid).create_time()
    return Service(name, process.pid, started, str(folder.resolve()), str(log))


def is_running(service: Service) -> bool:
    """Whether the very process that was started still runs (a reused pid is another process)."""
    try:
        process = psutil.Process(service.pid)
        same = abs(process.create_time() - service.started) < _SAME_START
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(services: Iterable[Service]) -> list[psutil.Process]:
    """All living processes of the services' sessions, the services themselves included."""
    by_session = {service.pid: service for service in services}
    return [
        process
        for process in psutil.process_iter()
        if (service := by_session.get(_session(process.pid))) and _belongs(process, service)
    ]


def stop_services(services: Iterable[Service], *, grace: float = 10.0) -> None:
    """End the services with all they started: asked first, killed after `grace` seconds.

    Raises LocalError when a process outlives even that.
    """
    stopped = list(services)
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        processes = processes_of(stopped)
        for process in processes:
            _send(process, number)
        psutil.wait_procs(processes, timeout=patience)
    left = processes_of(stopped)
    if left:
        raise LocalError(
            f"processes could not be stopped: {', '.join(str(process.pid) for process in left)}",
            where=", ".join(service.name for service in stopped),
            mend="end them by hand",
        )


def require_running(services: Iterable[Service]) -> None:
    """Raise LocalError, with the end of its log, for a service that ended by itself."""
    for service in services:
        if not is_running(service):
            raise LocalError(
                f"{service.name} ended by itself; its last words:\n{last_words(service)}",
                where=service.log,
                mend="mend what its log names, then run the same command again",
            )


def last_words(service: Service, lines: int = 12) -> str:
    """The end of a service's log."""
    path = Path(service.log)
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return "\n".join(f"    {line[:300]}" for line in text.splitlines()[-lines:])


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _belongs(process: psutil.Process, service: Service) -> bool:
    """Whether a member of the session numbered like `service` is really of that service, and alive."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.create_time() < service.started - _SAME_START:
            return False
        # The leader may be gone and its number reused: what it left behind still works in its folder.
        return is_running(service) or process.cwd() == service.folder
    except psutil.Error:
        return False


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
