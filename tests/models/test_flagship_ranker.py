"""What the flagship as a whole promises beyond the contract suite."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch_geometric.data import HeteroData

from models.factorisation import Factors
from models.flagship import embeddings
from models.flagship import ranker as module
from models.flagship.candidates import candidates
from models.flagship.inputs import input_columns, input_names
from models.flagship.ranker import InterestRanker
from models.flagship.rows import Rows
from models.flagship.settings import CHANNELS, RankerSettings
from models.flagship.standing import Standing, stand
from models.recommender import Slice
from models.state import State
from tests.models.flagship_toy import SMALL, busy, busy_purchases, fitted, with_tensor
from tests.models.toy import AS_OF, DAY_US, LACKS, N_ITEMS, N_USERS, earlier, lessons, pairs, purchases, shop

EVERYONE = torch.arange(N_USERS)
LEARNED = (
    "network/half_life_mix",
    "network/hop_mix",
    "network/projections.lins.category.weight",
    "network/projections.lins.brand.weight",
    "network/gate.0.weight",
    "network/gate.4.weight",
    "network/skip.weight",
    "user_factors",
    "item_factors",
)


@cache
def learned_busy() -> State:
    return busy().state()


def next_week() -> tuple[list[Slice], HeteroData]:
    """A week after the toy shop: each user bought the lacking item and one more again."""
    bought = {pair: [age + 7 for age in ages] for pair, ages in purchases().items()}
    taken = [*LACKS.items(), *((user, 4 * (user // 3)) for user in LACKS)]
    for pair in taken:
        bought[pair] = [3.0, *bought.get(pair, [])]
    graph = shop(bought, as_of=AS_OF + 7 * DAY_US)
    return [Slice(shop(earlier(bought, 7.0)), pairs(taken))], graph


@pytest.mark.parametrize("name", LEARNED)
def test_every_learned_part_moves_at_an_update(name: str) -> None:
    ranker = fitted()
    before = ranker.state().tensors[name]
    ranker.update(*next_week())
    after = ranker.state().tensors[name]
    assert not torch.equal(before, after)


@pytest.mark.parametrize("name", LEARNED)
def test_every_learned_part_changes_the_order_of_items_when_zeroed(name: str) -> None:
    state, graph, users = learned_busy(), shop(busy_purchases(), users=24, items=60), torch.arange(24)
    zeroed = with_tensor(state, name, torch.zeros_like(state.tensors[name]))
    ours, theirs = (InterestRanker.from_state(part, graph).recommend(users, 20) for part in (state, zeroed))
    assert not torch.equal(ours.items, theirs.items)


def test_a_slice_is_learned_from_with_embeddings_that_end_where_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    make, factorise = module.make_lesson, embeddings.factorise
    learned: list[int] = []
    seen: list[tuple[int, int]] = []

    def watched_factorise(interests: csr_matrix, **settings: Any) -> Factors:
        learned.append(settings["iterations"])
        return factorise(interests, **settings)

    def watched_lesson(standing: Standing, *rest: Any) -> Rows:
        seen.append((standing.as_of, len(learned)))
        return make(standing, *rest)

    monkeypatch.setattr(embeddings, "factorise", watched_factorise)
    monkeypatch.setattr(module, "make_lesson", watched_lesson)
    fitted(epochs=1)
    assert seen == [(int(part.graph.as_of), number + 1) for number, part in enumerate(lessons())]
    assert learned == [SMALL.als_iterations, SMALL.warm_iterations, SMALL.warm_iterations]


def test_nothing_of_a_lesson_depends_on_what_is_bought_after_its_start() -> None:
    first = InterestRanker(replace(SMALL, epochs=1))
    first.fit(lessons()[:1], lessons()[1].graph)
    other = copy.deepcopy(lessons()[1].graph)
    other["user", "interacts", "item"].weight *= 3.0
    second = InterestRanker(replace(SMALL, epochs=1))
    second.fit(lessons()[:1], other)
    ours, theirs = first.state().tensors, second.state().tensors
    kept = [name for name in ours if name.startswith(("replay", "network"))]
    assert kept
    assert all(torch.equal(ours[name], theirs[name]) for name in kept)


def test_a_lesson_may_name_users_and_items_its_graph_does_not_know() -> None:
    slices = lessons()
    beyond = replace(slices[0], next_pairs=torch.cat([slices[0].next_pairs, torch.tensor([[99], [99]])], dim=1))
    ranker, plain = InterestRanker(SMALL), fitted()
    ranker.fit([beyond, slices[1]], shop())
    ours, theirs = ranker.recommend(EVERYONE, N_ITEMS), plain.recommend(EVERYONE, N_ITEMS)
    assert torch.equal(ours.scores, theirs.scores)


def test_a_cold_item_of_a_wanted_category_beats_one_of_a_strange_category() -> None:
    graph = shop(items=N_ITEMS + 2)
    categories = torch.cat([torch.arange(N_ITEMS) // 4, torch.tensor([0, 1])])  # 9 among items 0–3, 10 among 4–7
    for relation in (("item", "in", "category"), ("item", "of", "brand")):
        graph[relation].edge_index = torch.stack([torch.arange(N_ITEMS + 2), categories])
    ranker = fitted()
    ranker.stand_on(graph)
    hops = ranker._standing.hops
    assert float(hops[N_USERS + 9, 0].norm()) == pytest.approx(1.0, abs=1e-5)
    score = [{item: ranker.explain(user, item)["value"].sum() for item in (9, 10)} for user in (0, 3)]
    assert score[0][9] > score[0][10]
    assert score[1][10] > score[1][9]


def test_a_new_item_can_be_found_in_its_category_before_it_sells() -> None:
    graph = shop(items=N_ITEMS + 1)
    graph["item"].age[N_ITEMS] = 1.0
    for relation in (("item", "in", "category"), ("item", "of", "brand")):
        groups = torch.cat([torch.arange(N_ITEMS) // 4, torch.tensor([0])])
        graph[relation].edge_index = torch.stack([torch.arange(N_ITEMS + 1), groups])
    factors = torch.randn(N_USERS + N_ITEMS + 1, 4, generator=torch.Generator().manual_seed(0))
    standing = stand(graph, factors, SMALL)
    narrow = replace(SMALL, popular=1, similar=1)
    found = candidates(standing, np.arange(N_USERS), torch.tensor([0.5, 0.5]), narrow)
    finders = set(found.place[found.item == N_ITEMS].tolist())
    assert finders == {0, 1, 2}


def test_candidates_are_distinct_sorted_and_hold_the_whole_history() -> None:
    narrow = replace(SMALL, popular=1, similar=1, favoured=1)
    standing = stand(shop(), torch.zeros(N_USERS + N_ITEMS, 4), narrow)
    told = candidates(standing, np.arange(N_USERS), torch.tensor([1.0, 0.0]), narrow)
    found = list(zip(told.place.tolist(), told.item.tolist(), strict=True))
    assert found == sorted(set(found))
    assert set(purchases()) <= set(found)


def test_users_with_few_candidates_are_filled_with_what_is_demanded_behind_them() -> None:
    ranker = fitted(popular=1, similar=1, favoured=1)
    for new_only in (False, True):
        ranking = ranker.recommend(EVERYONE, N_ITEMS, new_only=new_only)
        wanted = N_ITEMS - 3 if new_only else N_ITEMS
        assert ((ranking.items >= 0).sum(dim=1) == wanted).all()
        assert all(len(set(row[:wanted])) == wanted for row in ranking.items.tolist())
        assert (ranking.scores[:, : wanted - 1] >= ranking.scores[:, 1:wanted]).all()


def test_the_input_names_are_those_of_the_columns_in_their_order() -> None:
    standing = stand(shop(), torch.zeros(N_USERS + N_ITEMS, 4), SMALL)
    one = np.array([0])
    columns = input_columns(standing, one, one, one, standing.weight[:1])
    assert list(columns) == input_names(3)
    assert {name.split("/")[0] for name in columns} == set(CHANNELS) - {"graph"}


def test_an_overdue_item_and_a_fresh_one_differ_in_the_sign_of_due() -> None:
    bought = purchases() | {(0, 0): [30.0, 25.0, 20.0], (0, 1): [30.0, 16.0, 1.0]}
    standing = stand(shop(bought), torch.zeros(N_USERS + N_ITEMS, 4), SMALL)
    edges = np.array([0, 1])
    due = input_columns(standing, np.zeros(2, dtype=np.int64), edges, edges, standing.weight[:2])["repeat/due"]
    assert due[0] > 0 > due[1]


def test_an_explanation_names_the_four_channels_and_the_base() -> None:
    table = fitted().explain(0, 1)
    assert set(table["channel"]) == {*CHANNELS, "base"}


def test_the_memory_of_past_lessons_is_bounded_and_saved() -> None:
    ranker = fitted(replay_rows=30)
    held = sum(len(tensor) for name, tensor in ranker.state().tensors.items() if name.endswith("/user"))
    assert 0 < held <= 30
    ranker.update(*next_week())
    held = sum(len(tensor) for name, tensor in ranker.state().tensors.items() if name.endswith("/user"))
    assert 0 < held <= 30


def test_an_update_learns_from_no_more_users_than_asked() -> None:
    remembered = []
    for users in (1, 1000):
        ranker = fitted(update_users=users)
        before = {name for name in ranker.state().tensors if name.endswith("/draw")}
        ranker.update(*next_week())
        tensors = ranker.state().tensors
        remembered.append([len(tensors[name]) for name in tensors if name.endswith("/draw") and name not in before])
    assert remembered[0] == [1] and remembered[1][0] > 1


def test_a_restored_ranker_updates_as_the_one_it_was_saved_from() -> None:
    ranker = fitted()
    restored = InterestRanker.from_state(ranker.state(), shop())
    rankings = []
    for one in (ranker, restored):
        one.update(*next_week())
        rankings.append(one.recommend(EVERYONE, N_ITEMS))
    assert torch.equal(rankings[0].scores, rankings[1].scores)


def test_thread_settings_are_left_as_they_were() -> None:
    before = torch.get_num_threads()
    random_state = torch.random.get_rng_state()
    fitted(epochs=1)
    assert torch.get_num_threads() == before
    assert torch.equal(torch.random.get_rng_state(), random_state)


def test_a_fit_without_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one slice"):
        InterestRanker(SMALL).fit([], shop())


@pytest.mark.parametrize(("key", "value"), [("negatives", 0.0), ("epochs", 0), ("learning_rate", -1.0)])
def test_settings_outside_their_range_are_refused_by_name(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=key):
        RankerSettings(**{key: value})  # type: ignore[arg-type]


def test_what_an_update_learned_is_remembered() -> None:
    ranker = fitted()
    before = sum(name.endswith("/user") for name in ranker.state().tensors)
    ranker.update(*next_week())
    assert sum(name.endswith("/user") for name in ranker.state().tensors) == before + 1


def test_one_that_has_learned_nothing_says_so() -> None:
    ranker = InterestRanker(SMALL)
    for ask in (lambda: ranker.recommend(torch.arange(1), 3), lambda: ranker.explain(0, 0), ranker.state):
        with pytest.raises(ValueError, match="fit it first"):
            ask()
