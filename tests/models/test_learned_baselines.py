"""What iALS with recency, and LightGCN, do beyond the contract."""

from __future__ import annotations

import pytest
import torch

from models.baselines.ials import Ials
from models.baselines.lightgcn import LightGcn
from models.baselines.recency_ials import RecencyIals
from models.device import on_device
from tests.models.contestants import IALS
from tests.models.toy import N_ITEMS, N_USERS, purchases, shop

EVERYONE = torch.arange(N_USERS)
LIGHT = {"half_life": 21.0, "factors": 8, "layers": 2, "batch_size": 8, "learning_rate": 0.05, "regularization": 1e-4}


def test_without_power_recency_is_plain_ials() -> None:
    plain, weighed = Ials(**IALS), RecencyIals(**IALS, recent=7.0, power=0.0)
    for recommender in (plain, weighed):
        recommender.fit([], shop())
    assert torch.equal(plain.recommend(EVERYONE, N_ITEMS).items, weighed.recommend(EVERYONE, N_ITEMS).items)


def test_of_two_items_bought_by_the_same_users_the_one_bought_lately_comes_first() -> None:
    bought = {pair: [40.0] if pair[1] in (1, 2, 3) else ages for pair, ages in purchases().items()}
    bought |= {(user, item): [40.0] for user in (0, 1, 2) for item in (1, 2, 3)}
    bought |= {(user, 2): [2.0, *bought[user, 2]] for user in (0, 1, 2)}
    recommender = RecencyIals(**IALS, recent=7.0, power=4.0)
    recommender.fit([], shop(bought))
    items = recommender.recommend(EVERYONE[:3], N_ITEMS).items
    assert all(row.index(2) < min(row.index(1), row.index(3)) for row in items.tolist())


def test_lightgcn_tells_its_loss_which_falls() -> None:
    report = LightGcn(**LIGHT, epochs=40, seed=7).fit([], shop())
    losses = report.curves["lightgcn/loss"]
    assert len(losses) == 40 and losses[-1] < losses[0] / 2


def test_lightgcn_with_another_seed_learns_something_else() -> None:
    one, other = (LightGcn(**LIGHT, epochs=2, seed=seed) for seed in (7, 8))
    for recommender in (one, other):
        recommender.fit([], shop())
    assert not torch.equal(one.recommend(EVERYONE, 3).scores, other.recommend(EVERYONE, 3).scores)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use is here")
def test_lightgcn_learns_on_a_gpu_what_it_learns_here() -> None:
    losses = []
    for device in ("cpu", "cuda"):
        with on_device(device):
            losses.append(LightGcn(**LIGHT, epochs=5, seed=7).fit([], shop()).curves["lightgcn/loss"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
