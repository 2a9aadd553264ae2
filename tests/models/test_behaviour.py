"""Checks of behaviour: an honest model passes them all, and each catches a model that is broken its way."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch_geometric.data import HeteroData

from models import behaviour
from models.baselines.popularity import Popularity
from models.behaviour import check_behaviour
from models.catalogue import rebuild
from models.flagship.ranker import InterestRanker
from models.ranking import INTERACTS
from models.recommender import Ranking, Recommender
from models.shifted_graphs import FAN_ITEMS, favourites, renamed, with_fan, with_more
from models.state import State
from tests.models.flagship_toy import busy, busy_purchases
from tests.models.toy import HALF_LIVES, pairs, shop


@pytest.fixture(scope="module")
def honest() -> State:
    return busy().state()


def graph() -> HeteroData:
    return shop(busy_purchases(), users=24, items=60)


def outcomes(state: State, make: object = rebuild) -> dict[str, str]:
    found = check_behaviour(state, graph(), 10, make)  # type: ignore[arg-type]
    return {each.name.removeprefix("behaviour: "): each.outcome for each in found}


def test_an_honest_model_passes_all(honest: State) -> None:
    assert set(outcomes(honest).values()) == {"PASS"}


def test_a_model_that_puts_the_worst_first_fails_by_direction_and_function(honest: State) -> None:
    turned = {
        name: -tensor if name.startswith(("network/skip", "network/gate.4")) else tensor
        for name, tensor in honest.tensors.items()
    }
    found = outcomes(replace(honest, tensors=turned))
    assert (found["direction"], found["minimum function"]) == ("FAIL", "FAIL")


@pytest.mark.parametrize(("lost", "outcome"), [(0.009, "PASS"), (0.011, "FAIL")])
def test_a_loss_that_is_small_beside_a_lists_spread_is_none(
    honest: State, monkeypatch: pytest.MonkeyPatch, lost: float, outcome: str
) -> None:
    scores = iter([torch.full((24,), 5.0), torch.full((24,), 5.0 - 2.0 * lost)])
    monkeypatch.setattr(behaviour, "_scores", lambda *_: next(scores))
    monkeypatch.setattr(behaviour, "_spread", lambda _: 2.0)
    assert outcomes(honest)["direction"] == outcome


def test_a_model_that_reads_what_row_a_user_has_fails_by_invariance(honest: State) -> None:
    class ByRow(InterestRanker):
        def recommend(self, users: torch.Tensor, k: int, *, new_only: bool = False) -> Ranking:
            ranking = super().recommend(users, k, new_only=new_only)
            first = users < 12
            items = torch.where(first[:, None], ranking.items, ranking.items.flip(1))
            return Ranking(items, torch.where(first[:, None], ranking.scores, ranking.scores.flip(1)))

    def make(state: State, on: HeteroData) -> Recommender:
        return ByRow.from_state(state, on)

    assert outcomes(honest, make)["invariance"] == "FAIL"


def test_a_model_that_knows_popularity_alone_gives_the_fan_nothing(honest: State) -> None:
    def make(state: State, on: HeteroData) -> Recommender:
        popular = Popularity(half_life=HALF_LIVES[0])
        # one item of every category but the fan's is what everybody has bought most
        on = on.clone()
        liked = with_fan(graph())[2]
        on[INTERACTS].weight = on[INTERACTS].weight * ~torch.isin(on[INTERACTS].edge_index[1], liked)[:, None]
        popular.fit([], on)
        return popular

    assert outcomes(honest, make)["minimum function"] == "FAIL"


def test_users_renamed_keep_what_they_have() -> None:
    order = torch.arange(24).flip(0)
    moved = renamed(graph(), order)
    there, back = moved[INTERACTS], renamed(moved, order)[INTERACTS]
    keys = there.edge_index[0] * 60 + there.edge_index[1]
    assert (keys.diff() > 0).all()
    for name in ("edge_index", "weight", "count", "first_age", "last_age"):
        assert torch.equal(back[name], graph()[INTERACTS][name])
    assert there.edge_index[1, there.edge_index[0] == 23].tolist() == sorted(
        item for user, item in busy_purchases() if user == 0
    )


def test_one_more_purchase_is_as_old_as_the_last() -> None:
    bought = {(0, 1): [3.0, 9.0], (0, 2): [1.0], (2, 0): [5.0]}
    small = shop(bought, users=3, items=4)
    liked = favourites(small, torch.tensor([0, 2]))
    assert liked.tolist() == [[0, 2], [1, 0]]
    more = with_more(small, pairs([(0, 1), (2, 0)]))
    again = shop({(0, 1): [3.0, 3.0, 9.0], (0, 2): [1.0], (2, 0): [5.0, 5.0]}, users=3, items=4)
    for name in ("edge_index", "weight", "count", "first_age", "last_age"):
        assert torch.allclose(more[INTERACTS][name].double(), again[INTERACTS][name].double())
    assert torch.equal(small[INTERACTS].count, torch.tensor([2, 1, 1]))


def test_a_fan_is_a_new_user_of_one_category() -> None:
    found, row, liked = with_fan(graph())
    assert (row, int(found["user"].num_nodes), int(graph()["user"].num_nodes)) == (24, 25, 24)
    own = found[INTERACTS].edge_index[1, found[INTERACTS].edge_index[0] == row]
    assert torch.isin(own, liked).all() and len(own) == min(FAN_ITEMS, len(liked))
