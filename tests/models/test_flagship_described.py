"""Titles and demographic groups: what they say of whom nothing else is known, and that learning uses them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch_geometric.data import HeteroData

from models.flagship.described import profile_vectors, read_words, text_vectors, user_groups
from models.flagship.ranker import InterestRanker
from models.recommender import Slice
from tests.models.flagship_toy import SMALL, busy_purchases
from tests.models.toy import AS_OF, DAY_US, N_ITEMS, N_USERS, block, earlier, pairs, purchases, shop

STRANGER, NEWCOMER = N_USERS, N_ITEMS
"""A user and an item of whom nobody has seen anything."""
DESCRIBED = replace(SMALL, text=True, demographics=True)
PROJECTIONS = ("network/projections.lins.text.weight", "network/projections.lins.demographics.weight")


def described(bought: dict[tuple[int, int], list[float]], users: int, items: int, as_of: int = AS_OF) -> HeteroData:
    """A shop in which an item's title is the word of its block and a word of its own, and thirds of users a group."""
    graph = shop(bought, users=users, items=items, as_of=as_of)
    blocks = max(block(item) for item in range(items)) + 1
    graph["title"].num_nodes, graph["word"].num_nodes = items, blocks + items
    every = torch.arange(items)
    graph["item", "called", "title"].edge_index = torch.stack([every, every])
    graph["title", "says", "word"].edge_index = torch.stack(
        [every.repeat_interleave(2), torch.stack([every // 4, blocks + every], dim=1).flatten()]
    )
    graph["group"].num_nodes = 3
    graph["user", "in", "group"].edge_index = torch.stack([torch.arange(users), torch.arange(users) % 3])
    return graph


def with_strangers(group: int, word: int) -> HeteroData:
    """The toy shop, a user of the demographic `group` and an item called by the block's `word`, and by nothing else."""
    graph = described(purchases(), N_USERS + 1, N_ITEMS + 1)
    graph["user", "in", "group"].edge_index = torch.tensor([[0, 1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1, group]])
    graph["title", "says", "word"].edge_index[1, 2 * NEWCOMER] = word
    for relation in (("item", "in", "category"), ("item", "of", "brand")):
        graph[relation].edge_index = graph[relation].edge_index[:, :NEWCOMER]
    return graph


@pytest.mark.parametrize("group", [0, 1])
def test_a_user_without_events_is_near_what_their_demographic_group_takes(group: int) -> None:
    ranker = InterestRanker(replace(DESCRIBED, near_power=1.0))
    ranker.fit([], with_strangers(group, 0))
    first = ranker.recommend(torch.tensor([STRANGER]), 4).items[0].tolist()
    assert {block(item) for item in first} == {group}


@pytest.mark.parametrize("word", [0, 1])
def test_an_item_nobody_has_is_near_those_who_take_what_is_called_alike(word: int) -> None:
    ranker = InterestRanker(replace(DESCRIBED, near_power=1.0))
    ranker.fit([], with_strangers(0, word))
    hops = ranker._standing.hops[:, 0]
    near = hops[:N_USERS] @ hops[N_USERS + 1 + NEWCOMER]
    ours = range(3 * word, 3 * word + 3)
    assert min(near[user] for user in ours) > max(near[user] for user in range(N_USERS) if user not in ours)


def test_who_has_told_nothing_and_what_has_no_title_stays_without() -> None:
    graph = with_strangers(0, 0)
    graph["user", "in", "group"].edge_index = torch.empty(2, 0, dtype=torch.int64)
    graph["item", "called", "title"].edge_index = torch.empty(2, 0, dtype=torch.int64)
    ranker = InterestRanker(replace(DESCRIBED, near_power=1.0))
    ranker.fit([], graph)
    hops = ranker._standing.hops
    assert not hops[STRANGER].any() and not hops[N_USERS + 1 + NEWCOMER].any()


def test_the_words_of_a_title_share_it_and_the_rarer_one_has_more() -> None:
    graph = described(purchases(), N_USERS, N_ITEMS)
    words = read_words(graph)
    shares = words.spelled.toarray()
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert (shares[:8, 3:].max(axis=1) > shares[:8, :3].max(axis=1)).all()
    assert words.of_items().toarray() == pytest.approx(shares)
    assert user_groups(graph).toarray().sum(axis=1) == pytest.approx(1.0)


def test_titles_of_one_block_and_users_of_one_group_lie_together() -> None:
    graph = described(purchases(), N_USERS, N_ITEMS)
    ends = torch.eye(2)[torch.tensor([block(item) % 2 for item in range(N_ITEMS)])][:, None].repeat(1, 2, 1)
    texts = text_vectors(read_words(graph), ends, np.ones(N_ITEMS))
    assert texts.of.tolist() == list(range(N_ITEMS))
    assert texts.vectors[:8, 0].tolist() == pytest.approx(ends[:8, 0].numpy())
    of_users = torch.eye(3)[torch.arange(N_USERS) % 3][:, None].repeat(1, 2, 1)
    assert torch.equal(profile_vectors(user_groups(graph), of_users), of_users)


@cache
def busy() -> InterestRanker:
    """Learned from the busy shop, whose users and items are described as in `described`."""
    bought = busy_purchases()
    taken = [pair for pair, ages in bought.items() if any(age <= 7 for age in ages)]
    before = described(earlier(bought, 7.0), 24, 60, AS_OF - 7 * DAY_US)
    ranker = InterestRanker(replace(DESCRIBED, epochs=40, learning_rate=0.03))
    ranker.fit([Slice(before, pairs(taken))], described(bought, 24, 60))
    return ranker


@pytest.mark.parametrize("name", PROJECTIONS)
def test_a_projection_moves_at_an_update_and_changes_the_order_when_zeroed(name: str) -> None:
    state, graph = busy().state(), described(busy_purchases(), 24, 60)
    zeroed = replace(state, tensors=state.tensors | {name: torch.zeros_like(state.tensors[name])})
    ours, theirs = (InterestRanker.from_state(part, graph) for part in (state, zeroed))
    users = torch.arange(24)
    assert not torch.equal(ours.recommend(users, 20).items, theirs.recommend(users, 20).items)
    ours.update([Slice(graph, pairs([(0, 5), (1, 30), (2, 50)]))], described(busy_purchases(), 24, 60, AS_OF + DAY_US))
    assert not torch.equal(ours.state().tensors[name], state.tensors[name])


def test_a_ranker_that_reads_both_is_restored_to_the_bit() -> None:
    graph, users = described(busy_purchases(), 24, 60), torch.arange(24)
    restored = InterestRanker.from_state(busy().state(), graph)
    first, second = (one.recommend(users, 10) for one in (busy(), restored))
    assert torch.equal(first.items, second.items) and torch.equal(first.scores, second.scores)
    part = Slice(graph, pairs([(0, 5), (1, 30), (2, 50)]))
    later = described(busy_purchases(), 24, 60, AS_OF + DAY_US)
    updated = [InterestRanker.from_state(busy().state(), graph) for _ in range(2)]
    for one in updated:
        one.update([part], later)
    one, other = (each.state().tensors for each in updated)
    assert all(torch.equal(one[name], other[name]) for name in one)
