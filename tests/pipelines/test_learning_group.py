"""The fit step under torchrun: one process leads, the others help, and the candidate is that of one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipelines.context import read_context
from pipelines.errors import ParamsError
from pipelines.jobs import update_job
from pipelines.learning_group import learning_group
from pipelines.records import read_result
from pipelines.runner import run_step
from pipelines.serving.model_files import read_state
from pipelines.settings import ROOT
from tests.drop import UNTIL, copy_home

TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def run_in_two(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`torchrun --nproc-per-node 2 -m pipelines COMMAND`."""
    place = os.environ | variables | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*TWO, "-m", "pipelines", *command],
        cwd=ROOT,
        env=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_two_processes_fit_the_candidate_of_one_and_only_the_leader_talks(bootstrapped: Path, tmp_path: Path) -> None:
    fits, states, told = [], [], []
    for name in ("one", "two"):
        variables = copy_home(bootstrapped, tmp_path / name)
        context = read_context(environment=variables)
        for step in ("collect", "validate", "snapshot", "refresh", "plan"):
            run_step(step, update_job(UNTIL, context), context)
        if name == "one":
            run_step("fit", update_job(UNTIL, context), context)
        else:
            told = [run_in_two("step", "fit", "--window", UNTIL, **variables) for _ in range(2)]
        fits.append(read_result("fit", update_job(UNTIL, context), context))
        states.append(read_state(context.path("updates", UNTIL, "candidate")))
    assert [run.returncode for run in told] == [0, 0], told[-1].stderr[-2000:]
    assert told[0].stdout.count("fit") == told[1].stdout.count("fit") == 1
    assert "already done" in told[1].stderr
    assert fits[0]["curves"]["loss"] == pytest.approx(fits[1]["curves"]["loss"], abs=1e-4)
    one, two = (state.tensors for state in states)
    assert one.keys() == two.keys()
    assert torch.allclose(one["network/hop_mix"], two["network/hop_mix"], atol=1e-3)


def test_what_other_launchers_say_of_ranks_makes_no_group(
    bootstrapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "many")
    monkeypatch.setenv("RANK", "3")
    context = read_context(environment=copy_home(bootstrapped, tmp_path / "home"))
    with learning_group(update_job(UNTIL, context), context):
        assert not torch.distributed.is_initialized()


def test_a_device_that_is_not_here_is_told_before_anything_is_learned(bootstrapped: Path, tmp_path: Path) -> None:
    variables = copy_home(bootstrapped, tmp_path / "home") | {"TIDEGRAPH_DEVICE": "abacus"}
    context = read_context(environment=variables)
    for step in ("collect", "validate", "snapshot", "refresh", "plan"):
        run_step(step, update_job(UNTIL, context), context)
    with pytest.raises(ParamsError, match="TIDEGRAPH_DEVICE"):
        run_step("fit", update_job(UNTIL, context), context)
    assert not context.path("updates", UNTIL, "candidate").exists()
