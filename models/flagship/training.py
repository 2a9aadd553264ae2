"""The loop that lowers the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.device import current_device, moved
from models.flagship.importance import SAMPLE_USERS, importances
from models.flagship.losses import distillation_sum, listwise_sum
from models.flagship.network import ChannelNetwork
from models.flagship.parallel import batch_mean, share, wrapped
from models.flagship.rows import Rows
from models.flagship.schedule import Schedule

BATCH_USERS = 48


def train(
    network: ChannelNetwork, lessons: Sequence[Rows], schedule: Schedule, generator: torch.Generator
) -> dict[str, list[float]]:
    """Adam over batches of users, every lesson mixed with every other; gives curves with a value for each epoch.

    Computed on `current_device`; in a process group each process takes its share of every batch, and all end with the
    same weights. Raises ValueError when the loss is NaN.
    """
    with moved(network):
        learner = wrapped(network)
        optimiser = _optimiser(network, schedule)
        steps = schedule.epochs * sum(math.ceil(lesson.users / BATCH_USERS) for lesson in lessons)
        faded = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: 0.5 * (1 + math.cos(math.pi * step / max(1, steps))) if schedule.fade else 1.0
        )
        curves = dict[str, list[float]]()
        for epoch in range(schedule.epochs):
            batches = [(lesson, users) for lesson in lessons for users in _batches(lesson, generator)]
            losses = []
            for at in torch.randperm(len(batches), generator=generator).tolist():
                lesson, users = batches[at]
                losses.append(_step(learner, lesson.pick(share(users)), schedule, optimiser))
                faded.step()
            mean = sum(losses) / max(1, len(losses))
            if not math.isfinite(mean):
                raise ValueError(f"the loss of epoch {epoch + 1} of {schedule.epochs} is {mean}: the fit has diverged")
            told = {"loss": mean} | network.mixes() | _importances(network, lessons)
            for name, value in told.items():
                curves.setdefault(name, []).append(value)
    return curves


def _optimiser(network: ChannelNetwork, schedule: Schedule) -> torch.optim.Optimizer:
    shifts = list(network.ends.shift.values()) if network.ends.shift is not None else []
    others = [each for name, each in network.named_parameters() if not name.startswith("ends.shift")]
    groups: list[dict[str, Any]] = [{"params": others}, {"params": shifts, "lr": schedule.embedding_learning_rate}]
    return torch.optim.Adam(groups[: 1 + bool(shifts)], lr=schedule.learning_rate)


def _importances(network: ChannelNetwork, lessons: Sequence[Rows]) -> dict[str, float]:
    """Of users spread evenly over the first lesson."""
    if not lessons or not lessons[0].users:
        return {}
    users = torch.linspace(0, lessons[0].users - 1, min(SAMPLE_USERS, lessons[0].users)).long()
    return importances(network, lessons[0].pick(users).to(current_device()).full())


def _batches(lesson: Rows, generator: torch.Generator) -> list[Tensor]:
    return list(torch.randperm(lesson.users, generator=generator).split(BATCH_USERS))


def _step(network: nn.Module, lesson: Rows, schedule: Schedule, optimiser: torch.optim.Optimizer) -> float:
    rows = lesson.to(current_device()).full()
    scores = network(rows)
    lost, learners = listwise_sum(scores, rows, schedule.negatives)
    if schedule.distill:
        lost = lost + schedule.distill * distillation_sum(scores, rows, schedule.negatives)
    loss, mean = batch_mean(lost, learners)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return mean
