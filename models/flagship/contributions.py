"""How much of a score each channel brings."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import torch
from torch import Tensor

from models.flagship.network import ChannelNetwork
from models.flagship.settings import CHANNELS


def contributions(network: ChannelNetwork, z: Tensor) -> dict[str, float]:
    """The channels' exact Shapley values for one row of standardised numbers `z` [width], and the `base`.

    `base` is the score of a row whose every number is the mean. A channel that is left out has its numbers at the mean;
    its value is its mean effect over all orders of letting the channels in (Shapley 1953; 16 subsets of 4 channels).
    The values and the base sum to the score.
    """
    scores = dict(zip(_subsets(), _subset_scores(network, z), strict=True))
    parts = {"base": scores[frozenset()]}
    for channel in CHANNELS:
        without = [subset for subset in scores if channel not in subset]
        parts[channel] = sum(_weight(len(part)) * (scores[part | {channel}] - scores[part]) for part in without)
    return parts


def _weight(size: int) -> float:
    """The share of orders in which exactly some `size` channels stand before a given one."""
    return factorial(size) * factorial(len(CHANNELS) - size - 1) / factorial(len(CHANNELS))


def _subsets() -> list[frozenset[str]]:
    return [frozenset(subset) for size in range(len(CHANNELS) + 1) for subset in combinations(CHANNELS, size)]


@torch.no_grad()
def _subset_scores(network: ChannelNetwork, z: Tensor) -> list[float]:
    masked = []
    for subset in _subsets():
        mask = torch.zeros_like(z)
        for channel, columns in network.channel_columns().items():
            mask[columns] = float(channel in subset)
        masked.append(z * mask)
    scores: list[float] = network.score(torch.stack(masked)).double().tolist()
    return scores
