"""How much each channel moves scores, for quiet users and for busy ones."""

from __future__ import annotations

import torch
from torch import Tensor

from models.flagship.network import ChannelNetwork
from models.flagship.rows import Rows
from models.flagship.segments import SEGMENTS, user_segments

SAMPLE_USERS = 60
"""Users whose rows are looked at after each epoch."""


@torch.no_grad()
def importances(network: ChannelNetwork, rows: Rows) -> dict[str, float]:
    """By channel the mean over rows of how far a score moves when the channel's numbers are put at their means.

    `importance_<channel>` of all rows and `importance_<channel>_<third>` of the rows of a third of users by activity.
    """
    z = network.standardised(rows)
    score, third = network.score(z), user_segments(rows, network.names)[rows.user]
    told = {}
    for channel, columns in network.channel_columns().items():
        without = z.clone()
        without[:, columns] = 0.0
        moved = (score - network.score(without)).abs()
        told[f"importance_{channel}"] = _mean(moved)
        told |= {f"importance_{channel}_{name}": _mean(moved[third == at]) for at, name in enumerate(SEGMENTS)}
    return told


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else 0.0
