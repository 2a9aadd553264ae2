"""The listwise loss, the network's learned inputs, and the memory of lessons."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import log_softmax

from models.flagship.inputs import input_names
from models.flagship.losses import listwise_sum
from models.flagship.network import ChannelNetwork
from models.flagship.replay import Replay
from models.flagship.rows import Rows
from models.flagship.schedule import Schedule
from models.flagship.settings import PROJECTED
from models.flagship.training import train

GROUPED = ("category", "brand", "text")


def rows(counts: list[int], *, seed: int = 0, factors: int = 3, half_lives: int = 2) -> Rows:
    """Random rows, the first of each user taken."""
    draw = torch.Generator().manual_seed(seed)
    user = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    starts = torch.tensor(counts).cumsum(0) - torch.tensor(counts)
    taken = torch.zeros(len(user), dtype=torch.bool)
    taken[starts] = True
    return Rows(
        user=user,
        inputs=torch.randn(len(user), len(input_names(half_lives)), generator=draw),
        weight=torch.rand(len(user), half_lives, generator=draw),
        product=torch.randn(len(user), 2, 2, generator=draw),
        group={name: torch.randint(-1, 4, (len(user),), generator=draw) for name in GROUPED},
        user_vectors=torch.randn(len(counts), 2, factors, generator=draw),
        group_vectors={name: torch.randn(4, 2, factors, generator=draw) for name in GROUPED},
        taken=taken,
        profile_vectors=torch.randn(len(counts), 2, factors, generator=draw),
    )


def mean_loss(scores: torch.Tensor, lesson: Rows, negatives: float) -> float:
    total, users = listwise_sum(scores, lesson, negatives)
    return float(total / users)


def test_the_loss_is_the_log_softmax_of_what_was_taken_over_each_users_own_rows() -> None:
    lesson = rows([3, 2])
    scores = torch.tensor([1.0, 0.0, -1.0, 2.0, 3.0])
    expected = -(log_softmax(scores[:3], 0)[0] + log_softmax(scores[3:], 0)[0]) / 2
    assert mean_loss(scores, lesson, 1.0) == pytest.approx(float(expected))


def test_a_sampled_negative_stands_for_its_whole_share() -> None:
    scores = torch.tensor([1.0, 0.5])
    expected = -(1.0 - math.log(math.exp(1.0) + 4 * math.exp(0.5)))
    assert mean_loss(scores, rows([2]), 0.25) == pytest.approx(expected)


def test_taking_four_items_weighs_twice_not_four_times_as_much_as_one() -> None:
    lesson = rows([8])
    assert lesson.taken is not None
    lesson.taken[:4] = True
    each = math.log(8)
    assert mean_loss(torch.zeros(8), lesson, 1.0) == pytest.approx(2 * each)


def test_the_mixed_embedding_equals_the_sum_over_pairs_of_hops() -> None:
    network, lesson = ChannelNetwork(2, 3, 8), rows([5])
    with torch.no_grad():
        network.hop_mix.copy_(torch.tensor([0.7, -0.2]))
        of_item = torch.randn(5, 2, 3)
        product = torch.einsum("had,nbd->nab", lesson.user_vectors, of_item)
        numbers = network.numbers(Rows(**{**vars(lesson), "product": product}))
    mixed_user = torch.einsum("hd,h->d", lesson.user_vectors[0], network.hop_mix)
    mixed_item = torch.einsum("nhd,h->nd", of_item, network.hop_mix)
    column = network.names.index("graph/mixed_hops")
    assert torch.allclose(numbers[:, column], mixed_item @ mixed_user, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("brand", "user_vectors", "brand"),
        ("text", "user_vectors", "text"),
        ("demographics", "profile_vectors", "category"),
    ],
)
def test_a_relation_is_the_product_of_what_is_projected_and_the_group_and_0_without_one(
    name: str, ours: str, theirs: str
) -> None:
    network, lesson = ChannelNetwork(2, 3, 8, projected=PROJECTED), rows([6, 5])
    projection = network.projections.lins[name].weight
    with torch.no_grad():
        projection.copy_(torch.randn(3, 3))
        numbers = network.numbers(lesson)[:, network.names.index(f"graph/{name}")]
        for row, (user, group) in enumerate(zip(lesson.user, lesson.group[theirs], strict=True)):
            ends = (
                getattr(lesson, ours)[user].T @ network.hop_mix,
                lesson.group_vectors[theirs][group].T @ network.hop_mix,
            )
            expected = float((projection @ ends[0]) @ ends[1]) if group >= 0 else 0.0
            assert float(numbers[row]) == pytest.approx(expected, abs=1e-5)


def test_training_lowers_the_loss_and_repeats_to_the_bit() -> None:
    curves = []
    for _ in range(2):
        torch.manual_seed(0)
        network = ChannelNetwork(2, 3, 8)
        curves.append(
            train(
                network,
                [rows([9] * 20).half()],
                Schedule(epochs=5, learning_rate=0.01, negatives=1.0, fade=True),
                torch.Generator().manual_seed(1),
            )
        )
    assert curves[0] == curves[1]
    assert curves[0]["loss"][-1] < curves[0]["loss"][0]
    assert len(curves[0]["hop_weight_0"]) == 5


def test_a_loss_that_is_nan_ends_the_training_by_name() -> None:
    lesson = rows([4, 4])
    lesson.inputs[0, 0] = float("nan")
    with pytest.raises(ValueError, match="epoch 1 of 2 is nan"):
        train(
            ChannelNetwork(2, 3, 8),
            [lesson],
            Schedule(epochs=2, learning_rate=0.01, negatives=1.0),
            torch.Generator().manual_seed(1),
        )


def test_the_memory_never_holds_more_rows_than_its_limit_and_forgets_evenly() -> None:
    replay, draw = Replay(200), torch.Generator().manual_seed(5)
    for week in range(12):
        replay.add(rows([5] * 20, seed=week), torch.arange(20) % 3, draw)
        assert len(replay) <= 200
    assert len(replay) > 190
    assert len(replay.lessons) > 6  # old weeks are still there beside new ones


def test_a_segment_of_few_users_has_as_large_a_share_of_the_memory_as_the_others() -> None:
    replay, draw, segment = Replay(90), torch.Generator().manual_seed(5), torch.tensor([0] + [1] * 9 + [2] * 20)
    for week in range(12):
        replay.add(rows([5] * 30, seed=week), segment, draw)
    kept = torch.cat([part.segment for part in replay._parts])
    assert torch.bincount(kept).tolist() == [6, 6, 6]


def test_a_remembered_users_rows_stay_as_they_were() -> None:
    replay, lesson = Replay(15), rows([5, 4, 6])
    replay.add(lesson, torch.arange(3), torch.Generator().manual_seed(0))
    kept = replay.lessons[0]
    assert 0 < len(kept) < len(lesson)
    origin = [int((lesson.inputs == row).all(dim=1).nonzero()[0, 0]) for row in kept.inputs]
    for name in ("category", "brand"):
        for row, before in enumerate(origin):
            group, old = int(kept.group[name][row]), int(lesson.group[name][before])
            assert (group < 0) == (old < 0)
            if group >= 0:
                assert torch.equal(kept.group_vectors[name][group], lesson.group_vectors[name][old])


def test_a_sample_of_the_memory_is_whole_users_and_no_larger_than_asked() -> None:
    replay = Replay(1000)
    replay.add(rows([5] * 30), torch.arange(30) % 3, torch.Generator().manual_seed(0))
    sample = replay.sample(42, torch.Generator().manual_seed(1))
    assert [len(part) for part in sample] == [30]  # 14 rows for each of three segments: two users of five
    assert set(sample[0].counts().tolist()) == {5}


def test_a_memory_rebuilt_from_tensors_draws_and_forgets_the_same() -> None:
    replay = Replay(60)
    replay.add(rows([5] * 10).half(), torch.arange(10) % 3, torch.Generator().manual_seed(0))
    again = Replay.from_tensors(60, replay.tensors())
    for memory in (replay, again):
        memory.add(rows([5] * 10, seed=1).half(), torch.arange(10) % 3, torch.Generator().manual_seed(1))
    ours, theirs = replay.tensors(), again.tensors()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
