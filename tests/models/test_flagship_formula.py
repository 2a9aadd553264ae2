"""What the flagship ranks by before anything is learned, and whom and what it learns from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.flagship.candidates import candidates
from models.flagship.lessons import make_lesson
from models.flagship.network import ChannelNetwork
from models.flagship.ranker import InterestRanker
from models.flagship.standing import Standing
from models.recommender import Slice
from tests.models.flagship_toy import SMALL, busy_purchases
from tests.models.test_flagship_training import rows
from tests.models.toy import shop

FORMULA = replace(SMALL, near_power=2.0, recency_power=1.0)


def busy_ranker(**changes: float) -> InterestRanker:
    """Embeddings of the busy shop, and nothing learned from what users did next."""
    ranker = InterestRanker(replace(FORMULA, **changes))  # type: ignore[arg-type]
    ranker.fit([], shop(busy_purchases(), users=24, items=60))
    return ranker


def near(standing: Standing, hop_weight: float) -> np.ndarray:
    """[users, items] the graph channel's inner products, in dense numbers."""
    mixed = np.einsum("nhd,h->nd", standing.hops.numpy(), np.array([1.0, hop_weight]) / (1 + hop_weight))
    return np.maximum(0.01, mixed[: standing.users] @ mixed[standing.users :].T)


@pytest.mark.parametrize("hop_weight", [0.5, 2.0])
def test_without_lessons_items_are_ranked_by_nearness_and_recency_to_their_powers(hop_weight: float) -> None:
    ranker = busy_ranker(hop_weight=hop_weight)
    standing = ranker._standing
    score = 2.0 * np.log(near(standing, hop_weight)) + 1.0 * standing.recency
    ranking = ranker.recommend(torch.arange(24), 10)
    ours = np.take_along_axis(score, ranking.items.numpy(), axis=1)
    assert (np.diff(ours, axis=1) <= 1e-4).all()
    assert ours[:, 0] == pytest.approx(score.max(axis=1), abs=1e-4)


def test_an_update_goes_on_from_the_formula_and_learns() -> None:
    graph = shop(busy_purchases(), users=24, items=60)
    taken = torch.tensor([[user, user] for user in range(24)]).T
    ranker = busy_ranker()
    ranker.update([Slice(graph, taken)], graph)
    gate = ranker._learned_network().gate[-1].weight
    assert gate.any()  # type: ignore[operator]


def test_the_first_lessons_after_a_fit_without_any_are_learned_as_in_a_fit() -> None:
    graph = shop(busy_purchases(), users=24, items=60)
    part = Slice(graph, torch.tensor([[user, user] for user in range(24)]).T)
    ranker = busy_ranker(epochs=4, update_epochs=1)
    passes = [len(ranker.update([part], graph).curves["loss"]) for _ in range(2)]
    assert passes == [4, 1]


def test_where_nothing_is_taken_again_nobody_is_offered_what_they_have() -> None:
    ranker = busy_ranker(again=False)
    standing, mix = ranker._standing, torch.tensor([0.5, 0.5])
    settings = replace(ranker.settings, popular=60, favoured=60, similar=60)
    found = candidates(standing, np.arange(24), mix, settings)
    had = set(busy_purchases())
    assert not had & set(zip(found.place.tolist(), found.item.tolist(), strict=True))
    narrow = replace(settings, popular=0, favoured=0, similar=5)  # what they have takes no place of the five
    assert np.bincount(candidates(standing, np.arange(24), mix, narrow).place).tolist() == [5] * 24
    listed = ranker.recommend(torch.arange(24), 60).items.tolist()  # nor behind the candidates
    assert not had & {(user, item) for user, items in enumerate(listed) for item in items}


def test_a_lesson_holds_no_more_users_than_asked_each_with_all_they_took() -> None:
    ranker, pairs = busy_ranker(), torch.tensor(sorted(busy_purchases())).T
    settings, draw = replace(ranker.settings, similar=60), torch.Generator().manual_seed(3)
    lesson = make_lesson(ranker._standing, pairs, torch.tensor([0.5, 0.5]), settings, 7, draw)
    assert lesson.users == 7
    assert lesson.taken is not None
    took = torch.bincount(lesson.user[lesson.taken], minlength=7).tolist()
    assert sorted(took) == sorted(torch.bincount(pairs[0])[_drawn_users(pairs, 7)].tolist())


def test_a_number_that_never_varied_is_not_read_when_it_varies_later() -> None:
    network, lesson = ChannelNetwork(2, 3, 8), rows([6, 5])
    lesson.inputs[:, 0] = 0.25
    network.set_scale(network.numbers(lesson).detach())
    before = network(lesson)
    lesson.inputs[:, 0] = torch.linspace(-9, 9, len(lesson))
    assert torch.equal(network(lesson), before)


@pytest.mark.parametrize(("key", "value"), [("row_scale", "huge"), ("hop_weight", -1.0), ("update_users", 0)])
def test_settings_that_make_no_sense_are_refused_by_name(key: str, value: str | float) -> None:
    with pytest.raises(ValueError, match=key):
        replace(SMALL, **{key: value})  # type: ignore[arg-type]


def _drawn_users(pairs: torch.Tensor, limit: int) -> torch.Tensor:
    users = pairs[0].unique()
    return users[torch.randperm(len(users), generator=torch.Generator().manual_seed(3))[:limit]]
