"""Popularity and personal decay, against sums done by hand."""

from __future__ import annotations

import pytest
import torch

from models.baselines.personal_decay import PersonalDecay
from models.baselines.popularity import Popularity
from models.recommender import Recommender
from tests.models.toy import shop

BOUGHT = {(0, 0): [7.0], (0, 1): [14.0, 14.0, 14.0], (1, 0): [7.0], (1, 2): [0.0]}


def standing(recommender: Recommender) -> Recommender:
    recommender.stand_on(shop(BOUGHT, users=3, items=4))
    return recommender


def test_popularity_sums_the_decayed_weights_of_all_users() -> None:
    found = standing(Popularity(half_life=7.0)).recommend(torch.tensor([2]), 4)
    assert found.items.tolist() == [[0, 2, 1, 3]]  # 0 and 2 tie at 1
    assert found.scores.tolist() == [[1.0, 1.0, 0.75, 0.0]]


def test_a_longer_half_life_favours_what_was_bought_long_ago() -> None:
    found = standing(Popularity(half_life=56.0)).recommend(torch.tensor([2]), 1)
    assert found.items.tolist() == [[1]]


def test_personal_decay_ranks_own_weights_and_fills_with_popularity_strictly_behind() -> None:
    found = standing(PersonalDecay(half_life=7.0)).recommend(torch.tensor([0, 1, 2]), 4)
    assert found.items.tolist() == [[1, 0, 2, 3], [2, 0, 1, 3], [0, 2, 1, 3]]
    assert found.scores.tolist()[0] == [0.75, 0.5, -2.0, -4.0]


def test_an_edge_decayed_to_nothing_still_stands_before_the_fill() -> None:
    recommender = PersonalDecay(half_life=7.0)
    recommender.stand_on(shop({(0, 3): [1e6], (1, 0): [1.0]}, users=2, items=4))
    assert recommender.recommend(torch.tensor([0]), 2).items.tolist() == [[3, 0]]


def test_new_only_personal_decay_is_popularity() -> None:
    everyone = torch.arange(3)
    ours = standing(PersonalDecay(half_life=7.0)).recommend(everyone, 4, new_only=True)
    theirs = standing(Popularity(half_life=7.0)).recommend(everyone, 4, new_only=True)
    assert torch.equal(ours.items, theirs.items)


@pytest.mark.parametrize("kind", [Popularity, PersonalDecay])
def test_a_fresher_graph_is_counted_anew(kind: type[Popularity] | type[PersonalDecay]) -> None:
    recommender = standing(kind(half_life=7.0))
    recommender.stand_on(shop(BOUGHT | {(0, 3): [0.0] * 9}, users=3, items=4))
    assert recommender.recommend(torch.tensor([0]), 1).items.tolist() == [[3]]


def test_popularity_is_explained_by_the_own_edge_and_the_others() -> None:
    table = standing(Popularity(half_life=7.0)).explain(0, 0)
    assert table.to_dict("list") == {
        "channel": ["other users", "own edge"],
        "value": [0.5, 0.5],
        "share": [0.5, 0.5],
    }


def test_personal_decay_is_explained_by_the_edge_or_the_place() -> None:
    recommender = standing(PersonalDecay(half_life=7.0))
    assert recommender.explain(0, 1).to_dict("records") == [{"channel": "own edge", "value": 0.75, "share": 1.0}]
    assert recommender.explain(0, 3)["channel"].tolist() == ["popularity place"]
