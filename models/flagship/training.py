"""The listwise loss and the loop that lowers it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.utils import scatter

from models.device import current_device, moved
from models.flagship.importance import SAMPLE_USERS, importances
from models.flagship.network import ChannelNetwork
from models.flagship.parallel import batch_mean, share, wrapped
from models.flagship.rows import Rows

BATCH_USERS = 48


def listwise_sum(scores: Tensor, rows: Rows, negatives: float) -> tuple[Tensor, Tensor]:
    """Sum over users of `1/√p · Σ_taken −log softmax`, p the number of items taken; and how many users took any.

    The softmax runs over a user's candidates; as only a share `negatives` of those not taken is there, each stands for
    `1/negatives` of them in the normaliser. Users who took nothing do not count.
    """
    if rows.taken is None:
        raise ValueError(f"these {len(rows)} rows do not say what was taken")
    taken = rows.taken
    stand_in = scores + torch.where(taken, 0.0, -math.log(negatives))
    top = scatter(stand_in.detach(), rows.user, dim_size=rows.users, reduce="max")
    total = scatter((stand_in - top[rows.user]).exp(), rows.user, dim_size=rows.users, reduce="sum")
    normaliser = total.clamp_min(1e-30).log() + top
    positives = torch.bincount(rows.user[taken], minlength=rows.users)
    weight = positives.clamp_min(1).rsqrt()
    losses = (normaliser[rows.user] - scores)[taken] * weight[rows.user[taken]]
    return losses.sum(), (positives > 0).sum()


def train(
    network: ChannelNetwork,
    lessons: Sequence[Rows],
    *,
    epochs: int,
    learning_rate: float,
    negatives: float,
    generator: torch.Generator,
    fade: bool,
) -> dict[str, list[float]]:
    """Adam over batches of users, every lesson mixed with every other; gives curves with a value for each epoch.

    With `fade` the learning rate falls to nothing along half a cosine. Computed on `current_device`; in a process group
    each process takes its share of every batch, and all end with the same weights. Raises ValueError when the loss is
    NaN.
    """
    with moved(network):
        learner = wrapped(network)
        optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate)
        steps = epochs * sum(math.ceil(lesson.users / BATCH_USERS) for lesson in lessons)
        step, curves = 0, dict[str, list[float]]()
        for epoch in range(epochs):
            batches = [(lesson, users) for lesson in lessons for users in _batches(lesson, generator)]
            losses = []
            for at in torch.randperm(len(batches), generator=generator).tolist():
                lesson, users = batches[at]
                if fade:
                    optimiser.param_groups[0]["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
                losses.append(_step(learner, lesson.pick(share(users)), negatives, optimiser))
                step += 1
            mean = sum(losses) / max(1, len(losses))
            if not math.isfinite(mean):
                raise ValueError(f"the loss of epoch {epoch + 1} of {epochs} is {mean}: the fit has diverged")
            told = {"loss": mean} | network.mixes() | _importances(network, lessons)
            for name, value in told.items():
                curves.setdefault(name, []).append(value)
    return curves


def _importances(network: ChannelNetwork, lessons: Sequence[Rows]) -> dict[str, float]:
    """Of users spread evenly over the first lesson."""
    if not lessons or not lessons[0].users:
        return {}
    users = torch.linspace(0, lessons[0].users - 1, min(SAMPLE_USERS, lessons[0].users)).long()
    return importances(network, lessons[0].pick(users).to(current_device()).full())


def _batches(lesson: Rows, generator: torch.Generator) -> list[Tensor]:
    return list(torch.randperm(lesson.users, generator=generator).split(BATCH_USERS))


def _step(network: nn.Module, lesson: Rows, negatives: float, optimiser: torch.optim.Optimizer) -> float:
    rows = lesson.to(current_device()).full()
    loss, mean = batch_mean(*listwise_sum(network(rows), rows, negatives))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return mean
