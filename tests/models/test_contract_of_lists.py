"""The lists of every recommender, by the contract of `models.recommender`; and what it refuses to list."""

from __future__ import annotations

import pytest
import torch

from tests.models.contestants import Contestant
from tests.models.learned import EVERYONE, fresh, those
from tests.models.toy import LACKS, N_ITEMS, N_USERS, purchases, shop


@those()
def test_a_list_is_sorted_and_names_each_item_once(contestant: Contestant) -> None:
    ranking = fresh(contestant).recommend(EVERYONE, N_ITEMS)
    for items, scores in zip(ranking.items.tolist(), ranking.scores.tolist(), strict=True):
        named = [item for item in items if item >= 0]
        assert len(set(named)) == len(named)
        places = list(zip(scores, items, strict=True))[: len(named)]
        assert places == sorted(places, key=lambda place: (-place[0], place[1]))
        assert items[len(named) :] == [-1] * (N_ITEMS - len(named))
    assert ranking.items.dtype == torch.int64
    assert ranking.scores.dtype == torch.float64


@those()
def test_places_beyond_the_last_item_are_empty(contestant: Contestant) -> None:
    ranking = fresh(contestant).recommend(EVERYONE, N_ITEMS + 3)
    assert (ranking.items[:, N_ITEMS:] == -1).all()
    assert torch.isneginf(ranking.scores[ranking.items == -1]).all()
    assert torch.isfinite(ranking.scores[ranking.items >= 0]).all()


@those()
def test_a_shorter_list_is_the_head_of_a_longer_one(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    long, short = recommender.recommend(EVERYONE, 7), recommender.recommend(EVERYONE, 2)
    assert torch.equal(long.items[:, :2], short.items)


@those()
def test_new_only_never_names_an_owned_item(contestant: Contestant) -> None:
    items = fresh(contestant).recommend(EVERYONE, N_ITEMS, new_only=True).items
    named = {(user, item) for user, row in enumerate(items.tolist()) for item in row if item >= 0}
    assert named
    assert not named & set(purchases())


@those()
def test_new_only_names_no_item_of_an_edge_that_was_left_out(contestant: Contestant) -> None:
    graph, all_owned = shop(), set(purchases())
    edges = graph["user", "interacts", "item"]
    edges.left_out = torch.tensor([[user, item] for user, item in enumerate(LACKS.values())]).T
    items = fresh(contestant, graph).recommend(EVERYONE, N_ITEMS, new_only=True).items
    named = {(user, item) for user, row in enumerate(items.tolist()) for item in row if item >= 0}
    assert not named & (all_owned | set(map(tuple, edges.left_out.T.tolist())))


@those()
def test_users_are_ranked_in_the_order_asked_for(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    there, back = recommender.recommend(EVERYONE, 4), recommender.recommend(EVERYONE.flip(0), 4)
    assert torch.equal(there.items, back.items.flip(0))
    assert recommender.recommend(torch.tensor([], dtype=torch.int64), 4).items.shape == (0, 4)


@those()
@pytest.mark.parametrize("user", [-1, N_USERS])
def test_an_unknown_user_is_refused_by_row(contestant: Contestant, user: int) -> None:
    with pytest.raises(ValueError, match=str(user)):
        fresh(contestant).recommend(torch.tensor([0, user]), 3)
    with pytest.raises(ValueError, match=str(user)):
        fresh(contestant).explain(user, 0)


@those()
def test_an_unknown_item_is_refused_by_row(contestant: Contestant) -> None:
    with pytest.raises(ValueError, match="99"):
        fresh(contestant).explain(0, 99)


@those()
def test_less_than_one_item_is_refused(contestant: Contestant) -> None:
    with pytest.raises(ValueError, match="0"):
        fresh(contestant).recommend(EVERYONE, 0)
