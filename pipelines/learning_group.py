"""Several processes that learn together, as `torchrun` starts them: one leads, the others help it to learn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pipelines.context import Context
from pipelines.jobs import Job

LAUNCHED = "TORCHELASTIC_RUN_ID"
"""`torchrun` sets it for those it starts; `RANK` and the like are set by other launchers too."""
PATIENCE = timedelta(days=1)
"""How long helpers wait for the leader, who has a graph to refresh before there is anything to learn."""


@contextmanager
def learning_group(job: Job, context: Context) -> Iterator[None]:
    """Inside, this process is the only one, or it leads; helpers learn along until it is done, and exit.

    Whoever is rank 0 of `torchrun` leads: it alone holds locks, writes and talks.
    """
    if LAUNCHED not in os.environ or os.environ.get("WORLD_SIZE") == "1":
        yield
        return
    import torch.distributed as dist  # here, not above: most commands learn nothing

    dist.init_process_group("gloo", timeout=PATIENCE)
    try:
        if dist.get_rank():
            _help(job, replace(context, say=lambda message: None))
            raise SystemExit(0)
        try:
            yield
        finally:
            _broadcast(None)
    finally:
        dist.destroy_process_group()


def summon_helpers(plan: dict[str, Any]) -> None:
    """Tell the group, where this process leads one, that learning by `plan` begins."""
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        _broadcast(plan)


def _help(job: Job, context: Context) -> None:
    from pipelines.steps.fit import learn

    while (plan := _broadcast(None)) is not None:
        try:
            learn(plan, job, context)
        except ValueError:
            continue  # the leader has met the same, and tells it


def _broadcast(plan: dict[str, Any] | None) -> dict[str, Any] | None:
    import torch.distributed as dist

    told: list[dict[str, Any] | None] = [plan]
    dist.broadcast_object_list(told, src=0)
    return told[0]
