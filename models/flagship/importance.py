"""How much each channel moves scores, for quiet users and for busy ones."""

from __future__ import annotations

import torch
from torch import Tensor

from models.flagship.network import ChannelNetwork
from models.flagship.rows import Rows

SAMPLE_USERS = 60
"""Users whose rows are looked at after each epoch."""
THIRDS = ("quiet", "middling", "busy")
"""Users by their activity, a third each."""


@torch.no_grad()
def importances(network: ChannelNetwork, rows: Rows) -> dict[str, float]:
    """By channel the mean over rows of how far a score moves when the channel's numbers are put at their means.

    `importance_<channel>` of all rows and `importance_<channel>_<third>` of the rows of a third of users by activity.
    """
    z = network.standardised(rows)
    score, third = network.score(z), _thirds(network, rows)
    told = {}
    for channel, columns in network.channel_columns().items():
        without = z.clone()
        without[:, columns] = 0.0
        moved = (score - network.score(without)).abs()
        told[f"importance_{channel}"] = _mean(moved)
        told |= {f"importance_{channel}_{name}": _mean(moved[third == at]) for at, name in enumerate(THIRDS)}
    return told


def _thirds(network: ChannelNetwork, rows: Rows) -> Tensor:
    """[n] which third of the users by activity a row's user belongs to."""
    activity = rows.inputs[:, network.names.index("prior/activity")]
    counts = rows.counts()
    of_user = activity[counts.cumsum(0) - counts]
    place = torch.empty_like(of_user, dtype=torch.int64)
    place[of_user.argsort(stable=True)] = torch.arange(len(of_user), device=of_user.device)
    return (place * len(THIRDS) // max(1, len(of_user)))[rows.user]


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else 0.0
