"""Embeddings that are learned on, the interest graph's own layer as the graph channel, and staying near a teacher."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch.nn.functional import kl_div, log_softmax

from models.flagship.ends import Ends
from models.flagship.losses import distillation_sum
from models.flagship.propagation import propagate
from models.flagship.ranker import InterestRanker
from models.flagship.rows import Rows
from models.layers.adjacency import normalised_adjacency
from models.recommender import Slice
from tests.models.flagship_toy import SMALL, busy_purchases, fitted, with_tensor
from tests.models.test_flagship_propagation import INTERESTS, dense_reference
from tests.models.test_flagship_ranker import next_week
from tests.models.test_flagship_training import rows
from tests.models.toy import lessons, shop

USERS = torch.arange(24)


def with_ends(counts: list[int], nodes: bool = True) -> Rows:
    """Rows that bring their items' embeddings along, in a graph of 9 users and 7 items."""
    plain, draw = rows(counts), torch.Generator().manual_seed(4)
    item = torch.randint(7, (len(plain),), generator=draw)
    vectors = torch.randn(7, 2, 3, generator=draw)
    return replace(
        plain,
        product=torch.bmm(plain.user_vectors[plain.user], vectors[item].transpose(1, 2)),
        group=plain.group | {"item": item},
        group_vectors=plain.group_vectors | {"item": vectors},
        nodes={"user": torch.arange(2, 2 + len(counts)), "item": torch.arange(7)} if nodes else {},
    )


@pytest.mark.parametrize("nodes", [True, False])
def test_what_has_not_been_learned_yet_changes_no_product(nodes: bool) -> None:
    lesson, ends = with_ends([4, 5], nodes), Ends(3, theta=True)
    ends.begin([lesson])
    torch.testing.assert_close(ends.products(lesson, ends.users(lesson)), lesson.product)


def test_a_shift_moves_hop_0_of_its_node_and_no_other() -> None:
    lesson, ends = with_ends([4, 5]), Ends(3, theta=False)
    ends.begin([lesson])
    assert ends.shift is not None
    with torch.no_grad():
        ends.shift["item"][int(lesson.group["item"][0])] = torch.tensor([1.0, 2.0, 3.0])
    moved = (ends.products(lesson, ends.users(lesson)) - lesson.product).abs() > 1e-6
    same_item = lesson.group["item"] == lesson.group["item"][0]
    assert moved[same_item][:, :, 0].all()
    assert not moved[~same_item].any()
    assert not moved[:, :, 1].any()


def test_a_batch_of_the_memory_alone_gives_shifts_a_gradient_of_zero() -> None:
    ends = Ends(3, theta=False)
    ends.begin([with_ends([4, 5])])
    remembered = with_ends([4, 5], nodes=False)
    users = ends.users(remembered)
    (ends.products(remembered, users).sum() + users.sum()).backward()
    assert ends.shift is not None
    assert all(rows.grad is not None and not rows.grad.any() for rows in ends.shift.values())


def test_picked_rows_keep_their_nodes_and_a_memory_names_none() -> None:
    lesson = with_ends([4, 5])
    assert lesson.pick(torch.tensor([1])).nodes["user"].tolist() == [3]
    remembered = lesson.pick(torch.tensor([1]), compact=True)
    assert remembered.nodes == {}
    kept = remembered.group_vectors["item"][remembered.group["item"]]
    assert torch.equal(kept, lesson.group_vectors["item"][lesson.group["item"][4:]])


def test_embeddings_stay_as_they_are_without_a_step_size_of_their_own() -> None:
    ranker = fitted()
    ranker.update(*next_week())
    assert not [name for name in ranker.state().tensors if name.startswith("shift/")]


@pytest.mark.parametrize("side", ["user", "item"])
def test_embeddings_with_a_step_size_move_at_an_update_and_count(side: str) -> None:
    ranker = fitted(embedding_learning_rate=0.05)
    before = ranker.state().tensors[f"shift/{side}"]
    parts, graph = next_week()
    ranker.update(parts, graph)
    state = ranker.state()
    assert not torch.equal(before, state.tensors[f"shift/{side}"])
    zeroed = with_tensor(state, f"shift/{side}", torch.zeros_like(before))
    ours, theirs = (InterestRanker.from_state(each, graph).recommend(torch.arange(6), 6) for each in (state, zeroed))
    assert not torch.equal(ours.scores, theirs.scores)
    assert torch.equal(ours.scores, ranker.recommend(torch.arange(6), 6).scores)


@pytest.mark.parametrize("layer", ["interest_sum", "interest_mean"])
def test_the_own_layer_is_learned_and_survives_saving_to_the_bit(layer: str) -> None:
    graph = shop(busy_purchases(), users=24, items=60)
    ranker = InterestRanker(replace(SMALL, graph_layer=layer))
    ranker.fit([Slice(graph, torch.tensor([[user, user] for user in range(24)]).T)], graph)
    state = ranker.state()
    assert not torch.equal(state.tensors["network/ends.theta.weight"], torch.eye(SMALL.factors))
    again = InterestRanker.from_state(state, graph).recommend(USERS, 20)
    assert torch.equal(again.scores, ranker.recommend(USERS, 20).scores)


def test_the_own_layers_hop_is_what_a_node_is_and_what_its_neighbours_hold() -> None:
    x = np.random.default_rng(0).normal(size=(7, 5))
    adjacency, dense = normalised_adjacency(csr_matrix(INTERESTS)), dense_reference(INTERESTS)
    neighbours = np.maximum(1, (dense > 0).sum(axis=1))[:, None]
    for layer, gathered in (("interest_sum", dense @ x), ("interest_mean", dense @ x / neighbours)):
        hops = propagate(torch.from_numpy(x).float(), adjacency, layer)
        assert hops[:, 1].numpy() == pytest.approx(x + gathered, abs=1e-5)


def test_distillation_is_the_divergence_from_the_teachers_softmax() -> None:
    lesson, draw = rows([3, 2]), torch.Generator().manual_seed(2)
    ours, theirs = torch.randn(2, 5, generator=draw)
    told = distillation_sum(ours, replace(lesson, teacher=theirs), 1.0)
    parts = (slice(0, 3), slice(3, 5))
    expected = sum(
        kl_div(log_softmax(ours[at], 0), log_softmax(theirs[at], 0), log_target=True, reduction="sum") for at in parts
    )
    torch.testing.assert_close(told, expected)
    assert distillation_sum(ours, lesson, 1.0) == 0


def test_the_more_an_update_distils_the_nearer_scores_of_replayed_users_stay() -> None:
    moved = []
    for distill in (0.0, 10.0):
        ranker = fitted(distill=distill, update_epochs=20)
        replayed, network = ranker._replay.lessons[0].full(), ranker._learned_network()
        before = network(replayed).detach()
        ranker.update(*next_week())
        moved.append(float((network(replayed).detach() - before).std()))
    assert moved[1] < 0.8 * moved[0]


def test_the_items_that_were_taken_are_shifted() -> None:
    ranker = fitted(embedding_learning_rate=0.05)
    shift = ranker.state().tensors["shift/item"]
    named = lessons()[0].next_pairs[1].unique()
    assert (shift[named].abs().sum(dim=1) > 0).all()
