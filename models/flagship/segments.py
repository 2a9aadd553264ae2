"""Users by how active they are: what curves are told apart by, and what the memory keeps equal shares of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.flagship.rows import Rows

SEGMENTS = ("quiet", "middling", "busy")
"""A third of a lesson's users each."""


def user_segments(rows: Rows, names: Sequence[str]) -> Tensor:
    """[u] place in SEGMENTS of each user of `rows`, whose inputs are `names`, among the users there."""
    activity = rows.inputs[:, names.index("prior/activity")]
    counts = rows.counts()
    of_user = activity[counts.cumsum(0) - counts]
    place = torch.empty_like(of_user, dtype=torch.int64)
    place[of_user.argsort(stable=True)] = torch.arange(len(of_user), device=of_user.device)
    return place * len(SEGMENTS) // max(1, len(of_user))
