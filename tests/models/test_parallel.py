"""Two processes learn what one learns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from models.flagship import parallel
from models.flagship.parallel import batch_mean, processes, share, wrapped
from tests.models import distributed_fit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes under torchrun learned."""
    folder = tmp_path_factory.mktemp("two")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    told = subprocess.run(
        [*command, distributed_fit.__file__, str(folder)], env=environment, capture_output=True, text=True, timeout=240
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@pytest.mark.parametrize("way", distributed_fit.WAYS)
def test_two_processes_have_the_losses_of_one_to_1e_5(way: str, of_two: list[dict[str, Any]]) -> None:
    alone = distributed_fit.fit()[way]["losses"]
    for learned in of_two:
        assert learned[way]["losses"] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("way", distributed_fit.WAYS)
def test_all_processes_end_with_the_same_weights(way: str, of_two: list[dict[str, Any]]) -> None:
    ours, theirs = (learned[way]["tensors"] for learned in of_two)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_shares_of_two_processes_are_a_batch_in_two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = []
    for rank in range(2):
        monkeypatch.setattr(parallel, "processes", lambda rank=rank: (rank, 2))
        shares.append(share(torch.arange(5)).tolist())
    assert [len(part) for part in shares] == [3, 2]
    assert sorted(shares[0] + shares[1]) == list(range(5))


def test_one_process_is_all_there_is_outside_of_a_group() -> None:
    network, users = torch.nn.Linear(1, 1), torch.arange(5)
    assert processes() == (0, 1)
    assert wrapped(network) is network
    assert torch.equal(share(users), users)
    loss, mean = batch_mean(torch.tensor(6.0), torch.tensor(4))
    assert (float(loss), mean) == (1.5, 1.5)
