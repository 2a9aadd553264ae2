"""Steps in processes of their own, counted or killed in the middle, as `kill -9` would."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from pipelines.context import read_context
from pipelines.jobs import update_job
from pipelines.runner import run_step
from pipelines.settings import ROOT

_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(
    ["pipelines.steps.validate", "pipelines.steps.fit", "pipelines.steps.report", "pipelines.steps.snapshot"]
)


def run_in_child(step: str, variables: dict[str, str], *, window: str, kill_at: int = 0, count: str = "") -> int:
    """Run a step in a fresh process; killed at its `kill_at`-th call of our code. Gives the exit code (-9: killed)."""
    process = _SPAWN.Process(target=_run, args=(step, variables, window, kill_at, count))
    process.start()
    process.join(timeout=300)
    assert process.exitcode is not None, f"{step} did not end"
    return process.exitcode


def _run(step: str, variables: dict[str, str], window: str, kill_at: int, count: str) -> None:
    os.environ |= variables
    context = read_context()
    job = update_job(window, context)
    calls = 0

    def trace(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        if frame.f_code.co_filename.startswith(str(ROOT / "pipelines")):
            calls += 1
            if calls == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    if kill_at or count:
        sys.settrace(trace)
    run_step(step, job, context)
    sys.settrace(None)
    if count:
        Path(count).write_text(str(calls), encoding="utf-8")
