"""What incremental updates lose against learning anew: a candidate beside a shadow full retrain, on the same users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from models.metrics import UserMetrics
from models.resampling import bootstrap_mean


@dataclass(frozen=True)
class ShadowLoss:
    """`loss`: the share of the shadow's mean NDCG that the candidate lacks, below 0 where it has more; with one-sided
    bounds. `candidate` and `shadow` are both means, over the same `n_users`."""

    loss: float
    lower: float
    upper: float
    candidate: float
    shadow: float
    n_users: int


def shadow_loss(
    candidate: UserMetrics, shadow: UserMetrics, *, confidence: float, resamples: int, seed: int
) -> ShadowLoss:
    """loss = (shadow − candidate) / shadow, of mean NDCG, by the paired bootstrap over users.

    Users are drawn for the difference; what it is divided by stays the shadow's mean, as a margin of the gate is a
    share of its rival's. Raises ValueError for other users, for none, for NaN, and for a shadow that found nothing.
    """
    if not torch.equal(candidate.users, shadow.users):
        raise ValueError("candidate and shadow were not judged on the same users")
    ours, theirs = candidate.ndcg.double().numpy(), shadow.ndcg.double().numpy()
    mean = float(theirs.mean()) if len(theirs) else 0.0
    if mean == 0:
        raise ValueError(f"a shadow whose mean NDCG over {len(theirs)} users is 0 is nothing to lose against")
    found = bootstrap_mean((theirs - ours) / mean, confidence=confidence, resamples=resamples, seed=seed)
    return ShadowLoss(found.mean, found.lower, found.upper, float(ours.mean()), mean, len(ours))


def in_words(told: Mapping[str, Any]) -> str:
    """A `ShadowLoss` as a mapping, with its bounds; or, of one that has `failed`, why."""
    if "failed" in told:
        return f"the shadow full retrain tells nothing: {told['failed']}"
    return (
        f"against a shadow full retrain the candidate loses {told['loss']:.2%} of NDCG "
        f"({told['lower']:.2%} to {told['upper']:.2%}, {told['n_users']:,} users)"
    )
