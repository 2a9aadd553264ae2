"""What learning lowers: the listwise loss, and how far scores move from those of the model before."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from models.flagship.rows import Rows


def listwise_sum(scores: Tensor, rows: Rows, negatives: float) -> tuple[Tensor, Tensor]:
    """Sum over users of `1/√p · Σ_taken −log softmax`, p the number of items taken; and how many users took any.

    The softmax runs over a user's candidates; as only a share `negatives` of those not taken is there, each stands for
    `1/negatives` of them in the normaliser. Users who took nothing do not count.
    """
    taken = _taken(rows)
    normaliser = _normaliser(_standing_in(scores, taken, negatives), rows)
    positives = torch.bincount(rows.user[taken], minlength=rows.users)
    weight = positives.clamp_min(1).rsqrt()
    losses = (normaliser[rows.user] - scores)[taken] * weight[rows.user[taken]]
    return losses.sum(), (positives > 0).sum()


def distillation_sum(scores: Tensor, rows: Rows, negatives: float) -> Tensor:
    """Sum over users of the Kullback–Leibler divergence of the softmax of `scores` from that of `rows.teacher`.

    0 where there is no teacher. Source: Hinton et al., "Distilling the knowledge in a neural network", 2015, at
    temperature 1. The softmax is that of `listwise_sum`.
    """
    if rows.teacher is None:
        return scores.new_zeros(())
    taken = _taken(rows)
    ours, theirs = (_standing_in(each, taken, negatives) for each in (scores, rows.teacher))
    log_ours, log_theirs = (each - _normaliser(each, rows)[rows.user] for each in (ours, theirs))
    return (log_theirs.exp() * (log_theirs - log_ours)).sum()


def _standing_in(scores: Tensor, taken: Tensor, negatives: float) -> Tensor:
    """[n] `scores`, raised so that an item not taken stands for its whole share."""
    return scores + torch.where(taken, 0.0, -math.log(negatives))


def _normaliser(scores: Tensor, rows: Rows) -> Tensor:
    """[u] the logarithm of the sum of each user's `exp(scores)`."""
    top = scatter(scores.detach(), rows.user, dim_size=rows.users, reduce="max")
    total = scatter((scores - top[rows.user]).exp(), rows.user, dim_size=rows.users, reduce="sum")
    return total.clamp_min(1e-30).log() + top


def _taken(rows: Rows) -> Tensor:
    if rows.taken is None:
        raise ValueError(f"these {len(rows)} rows do not say what was taken")
    return rows.taken
