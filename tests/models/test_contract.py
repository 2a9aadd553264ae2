"""Every recommender of the catalogue obeys the contract of `models.recommender`, on a shop the eye can check."""

from __future__ import annotations

import copy
import random

import pytest
import torch
from torch_geometric.data import HeteroData

from models.catalogue import RECOMMENDERS, rebuild
from models.recommender import Recommender
from tests.models.contestants import CONTESTANTS, Contestant
from tests.models.learned import EVERYONE, fresh, learned, same, those
from tests.models.toy import AS_OF, DAY_US, LACKS, N_ITEMS, N_USERS, block, lessons, purchases, shop


def scores_by_item(recommender: Recommender, user: int, items: int = N_ITEMS) -> dict[int, float]:
    ranking = recommender.recommend(torch.tensor([user]), items)
    return dict(zip(ranking.items[0].tolist(), ranking.scores[0].tolist(), strict=True))


def grown(days: float = 0.0) -> HeteroData:
    """The toy shop with a user (row 6) and an item (row 9) more, `days` later; both born unconnected."""
    return shop(users=N_USERS + 1, items=N_ITEMS + 1, as_of=AS_OF + int(days * DAY_US))


@those()
def test_the_catalogue_and_the_suite_name_the_same_kinds(contestant: Contestant) -> None:
    assert contestant.kind in RECOMMENDERS
    assert {one.kind for one in CONTESTANTS} == set(RECOMMENDERS)
    assert learned(contestant).kind == contestant.kind


@those(lambda contestant: contestant.personal)
def test_a_users_own_block_comes_first(contestant: Contestant) -> None:
    items = fresh(contestant).recommend(EVERYONE, 3).items
    assert [[block(item) for item in row] for row in items.tolist()] == [[user // 3] * 3 for user in range(N_USERS)]


@those(lambda contestant: contestant.kind not in ("ials", "lightgcn"))  # factors do not move with the graph alone
def test_the_item_bought_most_by_all_comes_first(contestant: Contestant) -> None:
    heavier = purchases() | {(0, 1): [0.5] * 40, (1, 1): [0.5] * 40}
    first = fresh(contestant, shop(heavier)).recommend(torch.tensor([0, 1]), 1).items
    assert first.ravel().tolist() == [1, 1]


@those(lambda contestant: contestant.discovers)
def test_the_one_item_that_only_the_user_lacks_is_the_first_new_one(contestant: Contestant) -> None:
    ranking = fresh(contestant).recommend(EVERYONE, 1, new_only=True)
    assert ranking.items.ravel().tolist() == list(LACKS.values())


@those(lambda contestant: contestant.exact)
def test_more_weight_never_lowers_a_score(contestant: Contestant) -> None:
    before, heavier = scores_by_item(fresh(contestant), 0), purchases()
    heavier[0, 2] = [0.5, *heavier[0, 2]]
    recommender = contestant.make()
    recommender.fit(lessons(), shop(heavier))
    assert scores_by_item(recommender, 0)[2] > before[2]


@those()
def test_an_update_with_nothing_new_changes_nothing(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    before = recommender.recommend(EVERYONE, N_ITEMS)
    recommender.update([], shop())
    assert same(recommender.recommend(EVERYONE, N_ITEMS), before)
    tensors = recommender.state().tensors
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in learned(contestant).tensors.items())


@those()
def test_an_update_goes_on_where_the_state_was_and_repeats_to_the_bit(contestant: Contestant) -> None:
    later = grown(days=7)
    rankings = []
    for _ in range(2):
        recommender = fresh(contestant)
        recommender.update(lessons()[-1:], later)
        rankings.append(recommender.recommend(torch.arange(N_USERS + 1), N_ITEMS + 1))
    assert same(*rankings)
    if contestant.personal:
        assert [block(int(item)) for item in rankings[0].items[:N_USERS, 0]] == [0, 0, 0, 1, 1, 1]


@those()
def test_a_fit_repeats_to_the_bit(contestant: Contestant) -> None:
    assert same(contestant.fitted().recommend(EVERYONE, N_ITEMS), fresh(contestant).recommend(EVERYONE, N_ITEMS))


@those()
def test_a_state_brings_back_equal_rankings(contestant: Contestant) -> None:
    recommender = contestant.fitted()
    rebuilt = rebuild(recommender.state(), shop())
    for new_only in (False, True):
        ours = recommender.recommend(EVERYONE, N_ITEMS, new_only=new_only)
        assert same(ours, rebuilt.recommend(EVERYONE, N_ITEMS, new_only=new_only))


@those()
def test_a_state_is_a_copy_that_later_learning_leaves_alone(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    state = recommender.state()
    before = {name: tensor.clone() for name, tensor in state.tensors.items()}
    recommender.update(lessons()[-1:], grown(days=7))
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.tensors.items())


@those(lambda contestant: not contestant.exact)
def test_changing_a_state_leaves_the_recommender_alone(contestant: Contestant) -> None:
    recommender = contestant.fitted()
    before = recommender.recommend(EVERYONE, N_ITEMS)
    for tensor in recommender.state().tensors.values():
        tensor.zero_()
    recommender.stand_on(shop())
    assert same(recommender.recommend(EVERYONE, N_ITEMS), before)


@those()
def test_it_stands_on_a_larger_graph_and_knows_its_new_rows(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    recommender.stand_on(grown(days=7))
    ranking = recommender.recommend(torch.arange(N_USERS + 1), N_ITEMS + 1)
    assert (ranking.items[N_USERS] >= 0).any()
    assert int(ranking.items.max()) <= N_ITEMS


@those()
def test_standing_on_another_graph_and_back_is_as_if_never_left(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    before = recommender.recommend(EVERYONE, N_ITEMS)
    recommender.stand_on(grown(days=7))
    recommender.stand_on(shop())
    assert same(recommender.recommend(EVERYONE, N_ITEMS), before)


@those()
@pytest.mark.parametrize("door", ["fit", "update", "stand_on", "from_state"])
def test_a_weight_that_is_not_finite_is_refused_at_the_door(contestant: Contestant, door: str) -> None:
    broken = shop(as_of=AS_OF + DAY_US)
    broken["user", "interacts", "item"].weight[4] = float("nan")
    recommender = fresh(contestant)
    with pytest.raises(ValueError, match=r"nan|NaN|finite"):
        if door == "fit":
            contestant.make().fit(lessons(), broken)
        elif door == "update":
            recommender.update(lessons()[-1:], broken)
        elif door == "stand_on":
            recommender.stand_on(broken)
        else:
            rebuild(learned(contestant), broken)


@those(lambda contestant: not contestant.exact)  # the exact ones learn no tensors
def test_a_state_with_nan_is_refused(contestant: Contestant) -> None:
    state = learned(contestant)
    floats = [name for name, tensor in state.tensors.items() if tensor.is_floating_point() and tensor.numel()]
    weights = [name for name in floats if not name.startswith("replay")]
    for name in weights:
        broken = copy.deepcopy(state)
        broken.tensors[name].view(-1)[0] = float("nan")
        with pytest.raises(ValueError, match=r"nan|NaN|finite"):
            rebuild(broken, shop())


@those()
def test_a_half_life_that_the_graph_lacks_is_refused_with_those_it_holds(contestant: Contestant) -> None:
    other = shop()
    other.half_lives = [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=r"1\.0, 2\.0, 3\.0"):
        rebuild(learned(contestant), other)


@those()
def test_an_explanation_sums_to_the_score(contestant: Contestant) -> None:
    recommender = fresh(contestant)
    ranking = recommender.recommend(EVERYONE, 4)
    for user in range(N_USERS):
        for item, score in zip(ranking.items[user].tolist(), ranking.scores[user].tolist(), strict=True):
            table = recommender.explain(user, item)
            assert list(table.columns) == ["channel", "value", "share"]
            assert table["value"].sum() == pytest.approx(score, abs=1e-5)
            assert table["value"].is_monotonic_decreasing
            assert table["channel"].is_unique


@those(lambda contestant: contestant.exact)
def test_permuted_rows_give_permuted_scores(contestant: Contestant) -> None:
    users, items = list(range(N_USERS)), list(range(N_ITEMS))
    random.Random(3).shuffle(users)
    random.Random(4).shuffle(items)
    moved = shop({(users[user], items[item]): ages for (user, item), ages in purchases().items()})
    here, there = fresh(contestant), fresh(contestant, moved)
    owned = [item for user, item in purchases() if user == 0]
    before, after = scores_by_item(here, 0), scores_by_item(there, users[0])
    assert [after[items[item]] for item in owned] == pytest.approx([before[item] for item in owned])


@those()
def test_the_graph_is_left_as_it_was(contestant: Contestant) -> None:
    graph = shop()
    recommender = contestant.make()
    recommender.fit(lessons(), graph)
    recommender.recommend(EVERYONE, 3, new_only=True)
    for store, untouched in zip(graph.stores, shop().stores, strict=True):
        assert list(store.keys()) == list(untouched.keys())
        for name, value in untouched.items():
            assert torch.equal(torch.as_tensor(store[name]).nan_to_num(), torch.as_tensor(value).nan_to_num())
