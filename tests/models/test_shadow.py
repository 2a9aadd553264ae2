"""What a candidate loses against a shadow full retrain, on users that the eye can count."""

from __future__ import annotations

import pytest
import torch

from models.metrics import UserMetrics
from models.shadow import ShadowLoss, shadow_loss

ASKED = {"confidence": 0.95, "resamples": 500, "seed": 7}


def of(*ndcg: float, first: int = 0) -> UserMetrics:
    """NDCG of users `first`, `first` + 1, …"""
    return UserMetrics(torch.arange(first, first + len(ndcg)), {"ndcg_at_20": torch.tensor(ndcg, dtype=torch.float64)})


@pytest.mark.parametrize(
    ("candidate", "shadow", "loss"),
    [((0.4, 0.5), (0.5, 0.5), 0.1), ((0.5, 0.5), (0.5, 0.5), 0.0), ((0.6, 0.6), (0.5, 0.5), -0.2)],
)
def test_the_loss_is_the_share_of_the_shadows_mean_that_is_missing(
    candidate: tuple, shadow: tuple, loss: float
) -> None:
    found = shadow_loss(of(*candidate), of(*shadow), **ASKED)
    assert found.loss == pytest.approx(loss)
    assert found.lower <= found.loss <= found.upper
    assert (found.candidate, found.shadow, found.n_users) == (sum(candidate) / 2, sum(shadow) / 2, 2)


def test_users_are_paired_so_that_what_all_lose_alike_is_certain() -> None:
    """Users differ a hundredfold, and each loses the same: unpaired, the bounds would be wide apart."""
    shadow = [0.01 + 0.9 * (user % 2) for user in range(50)]
    found = shadow_loss(of(*[value - 0.01 for value in shadow]), of(*shadow), **ASKED)
    assert found.upper - found.lower < 1e-12 < found.lower
    assert found == ShadowLoss(found.loss, found.lower, found.upper, found.candidate, found.shadow, 50)


@pytest.mark.parametrize(
    ("candidate", "shadow", "why"),
    [
        (of(0.5), of(0.5, first=1), "not judged on the same users"),
        (of(0.5), of(0.5, 0.5), "not judged on the same users"),
        (of(), of(), "over 0 users"),
        (of(0.0), of(0.0), "is 0"),
        (of(float("nan")), of(0.5), "not finite"),
        (of(0.5), of(float("nan")), "not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(candidate: UserMetrics, shadow: UserMetrics, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        shadow_loss(candidate, shadow, **ASKED)
