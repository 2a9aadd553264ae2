"""Processes are found with all they started, stopped as a whole, and never mistaken for others."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pipelines.errors import LocalError
from pipelines.local.memory import MIB, PeakMemory, read_pss
from pipelines.local.ports import free_port
from pipelines.local.register import Running, recall, register_path, remember, stop_all
from pipelines.local.services import is_running, processes_of, require_running, start_service, stop_services

# A service that starts a child in a process group of its own; both are deaf to SIGTERM. It says when it is ready.
STUBBORN = """
import os, signal, time, pathlib
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
    pathlib.Path("ready").touch()
time.sleep(300)
"""


@pytest.fixture
def start(tmp_path):
    """Start Python code as a service; whatever is left is stopped at the test's end."""
    started = []

    def start_code(code: str, name: str = "clock"):
        service = start_service(name, ["-c", code], env=os.environ, folder=tmp_path, log=tmp_path / f"{name}.log")
        started.append(service)
        return service

    yield start_code
    stop_services(started, grace=0.1)


def wait_for(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.02)


def test_stopping_a_service_ends_its_children_too_even_deaf_ones_in_other_groups(start, tmp_path):
    service = start(STUBBORN)
    wait_for((tmp_path / "ready").exists)
    pids = [process.pid for process in processes_of([service])]
    assert len(pids) == 2

    stop_services([service], grace=0.2)

    assert not is_running(service)
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def test_children_are_still_found_when_the_service_itself_is_gone(start, tmp_path):
    service = start(STUBBORN)
    wait_for((tmp_path / "ready").exists)
    psutil.Process(service.pid).kill()
    wait_for(lambda: not is_running(service))

    assert len(processes_of([service])) == 1


def test_a_process_that_got_the_number_of_a_dead_service_is_left_alone(start):
    service = start("import time; time.sleep(300)")
    stale = replace(service, started=service.started - 3600, folder="/elsewhere")

    assert not is_running(stale)
    assert processes_of([stale]) == []
    stop_services([stale], grace=0.1)
    assert is_running(service)


def test_a_service_that_ended_by_itself_is_reported_with_its_last_words(start):
    service = start("raise SystemExit('no room left')")
    wait_for(lambda: not is_running(service))

    with pytest.raises(LocalError, match=r"clock ended by itself(.|\n)*no room left"):
        require_running([service])


def test_what_was_remembered_is_recalled_and_stopped_by_a_later_command(start, tmp_path):
    running = Running("http://127.0.0.1:1", None, (start("import time; time.sleep(300)"),))
    remember(tmp_path, running)

    assert recall(tmp_path) == running
    assert running.is_whole
    assert stop_all(tmp_path) == list(running.services)
    assert not running.is_whole
    assert (recall(tmp_path), stop_all(tmp_path)) == (None, [])


@pytest.mark.parametrize("content", ["", "{", '{"services": [{"pid": 1}]}', "[]"])
def test_a_damaged_register_counts_as_none_and_is_removed(tmp_path, content):
    register_path(tmp_path).write_text(content)

    assert recall(tmp_path) is None
    assert stop_all(tmp_path) == []
    assert not register_path(tmp_path).exists()


def test_a_free_port_can_be_listened_on():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))


def test_peak_memory_sees_what_a_child_takes_for_a_while(start, tmp_path):
    grown = tmp_path / "grown"
    service = start(f"import pathlib, time; block = b'x' * {64 * MIB}; pathlib.Path('grown').touch(); time.sleep(300)")
    wait_for(grown.exists)
    with PeakMemory(lambda: processes_of([service]), period=0.01) as memory:
        wait_for(lambda: memory.peak.total > 64 * MIB)

    assert memory.peak.total < 128 * MIB
    assert len(memory.peak.parts) == 1


def test_memory_of_a_process_that_has_gone_is_left_out(start):
    process = psutil.Process(start("pass").pid)
    wait_for(lambda: not process.is_running() or process.status() == "zombie")

    assert sum(read_pss([process]).values()) == 0
    assert sum(read_pss([psutil.Process()]).values()) > MIB


def test_the_log_of_a_service_lies_where_it_says(start):
    service = start("print('hello')")
    wait_for(lambda: not is_running(service))

    assert Path(service.log).read_text() == "hello\n"
