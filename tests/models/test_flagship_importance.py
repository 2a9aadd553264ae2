"""What is told of how much each channel matters."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.flagship.importance import importances
from models.flagship.network import ChannelNetwork
from models.flagship.segments import SEGMENTS
from models.flagship.settings import CHANNELS
from tests.models.test_flagship_training import rows


def network_of(weights: dict[str, float]) -> ChannelNetwork:
    """A network that adds up `weights` times the numbers of those names, standardised to themselves."""
    network = ChannelNetwork(2, 3, 8)
    network.start_from(weights)
    return network


def test_a_channel_that_moves_no_score_has_no_importance() -> None:
    told = importances(network_of({"repeat/count": 1.0}), rows([5, 4, 3]))
    assert told["importance_repeat"] > 0
    assert [told[f"importance_{channel}"] for channel in CHANNELS if channel != "repeat"] == [0.0] * 3


def test_twice_the_weight_moves_scores_twice_as_far() -> None:
    once, twice = (importances(network_of({"prior/price": weight}), rows([5, 4, 3])) for weight in (1.0, -2.0))
    assert twice["importance_prior"] == pytest.approx(2 * once["importance_prior"], rel=1e-5)


def test_each_third_of_users_by_activity_is_told_apart() -> None:
    network, lesson = network_of({"repeat/count": 1.0}), rows([2, 2, 2])
    inputs = lesson.inputs.clone()
    activity, count = (network.names.index(name) for name in ("prior/activity", "repeat/count"))
    inputs[:, activity] = torch.tensor([3.0, 3.0, 1.0, 1.0, 2.0, 2.0])
    inputs[:, count] = torch.tensor([0.3, 0.3, 0.1, 0.1, 0.2, 0.2])
    told = importances(network, replace(lesson, inputs=inputs))
    assert [told[f"importance_repeat_{third}"] for third in SEGMENTS] == pytest.approx([0.1, 0.2, 0.3])
    assert told["importance_repeat"] == pytest.approx(0.2)
