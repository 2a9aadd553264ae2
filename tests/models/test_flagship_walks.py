"""Walks of three edges: what they say, against dense numbers, and what the flagship does with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from models.flagship.candidates import BLOCK, candidates
from models.flagship.ranker import InterestRanker
from models.flagship.settings import LEAST_WALKS
from models.flagship.standing import stand
from models.flagship.walks import Walks
from models.ranking import interest_matrix
from tests.models.flagship_toy import SMALL, busy_purchases
from tests.models.test_flagship_formula import near
from tests.models.toy import shop

WEIGHTS = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 7)), elements=st.sampled_from([0, 0, 0.5, 3]))
WALKING = replace(SMALL, near_power=2.0, walk_power=3.0)


def dense(weights: np.ndarray) -> np.ndarray:
    """[users, items] the definition, in dense float64."""
    of_users, of_items = (np.where(sums > 0, sums, np.inf) for sums in (weights.sum(axis=1), weights.sum(axis=0)))
    scaled = weights / np.sqrt(of_users)[:, None] / np.sqrt(of_items)
    strengths: np.ndarray = (weights / of_users[:, None]) @ (scaled.T @ scaled)
    return strengths


@settings(max_examples=60, deadline=None)
@given(WEIGHTS)
def test_walks_are_as_strong_as_their_definition_says(weights: np.ndarray) -> None:
    strengths = Walks(csr_matrix(weights)).strengths(np.arange(len(weights)))
    assert strengths == pytest.approx(dense(weights), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("users", [1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_candidates_of_many_users_bring_the_walks_of_each(users: int) -> None:
    draw = np.random.default_rng(5)
    bought = {
        (int(user), int(item)): [3.0] for user, item in zip(*np.nonzero(draw.random((users, 9)) < 0.4), strict=True)
    }
    graph = shop(bought, users=users, items=9)
    standing = stand(graph, torch.rand(users + 9, 4), WALKING)
    asked = np.flatnonzero(draw.random(users) < 0.8) if users > 1 else np.array([0])
    found = candidates(standing, asked, torch.tensor([0.5, 0.5]), WALKING)
    assert len(np.unique(found.place)) == len(asked)
    strengths = dense(interest_matrix(graph, WALKING.hop_half_life).toarray())
    assert found.walks == pytest.approx(strengths[asked[found.place], found.item], rel=1e-5, abs=1e-7)


def walking_ranker() -> InterestRanker:
    ranker = InterestRanker(WALKING)
    ranker.fit([], shop(busy_purchases(), users=24, items=60))
    return ranker


def formula(ranker: InterestRanker) -> np.ndarray:
    standing = ranker._standing
    assert standing.walks is not None
    strengths = np.maximum(LEAST_WALKS, standing.walks.strengths(np.arange(standing.users)))
    return 2.0 * np.log(near(standing, WALKING.hop_weight)) + 3.0 * np.log(strengths)


def test_without_lessons_items_are_ranked_by_nearness_and_walks_to_their_powers() -> None:
    ranker = walking_ranker()
    score, ranking = formula(ranker), ranker.recommend(torch.arange(24), 10)
    ours = np.take_along_axis(score, ranking.items.numpy(), axis=1)
    assert (np.diff(ours, axis=1) <= 1e-4).all()
    assert ours[:, 0] == pytest.approx(score.max(axis=1), abs=1e-4)


def test_candidates_are_those_that_the_formula_with_walks_puts_first() -> None:
    ranker = walking_ranker()
    chosen = replace(WALKING, popular=0, favoured=0, similar=5, again=False)
    mix = torch.tensor([0.5, 0.5])
    told = candidates(ranker._standing, np.arange(24), mix, chosen)
    score = formula(ranker)
    for user, had in ((user, [item for owner, item in busy_purchases() if owner == user]) for user in range(24)):
        score[user, had] = -np.inf
    best = np.sort(score, axis=1)[:, ::-1][:, :5]
    found = np.sort(score[told.place, told.item].reshape(24, 5), axis=1)[:, ::-1]
    assert found == pytest.approx(best, abs=1e-4)


def test_a_ranker_with_walks_is_restored_to_the_bit() -> None:
    ranker = walking_ranker()
    restored = InterestRanker.from_state(ranker.state(), shop(busy_purchases(), users=24, items=60))
    first, second = (one.recommend(torch.arange(24), 10) for one in (ranker, restored))
    assert torch.equal(first.items, second.items) and torch.equal(first.scores, second.scores)


def test_walks_without_nearness_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="walk_power"):
        replace(SMALL, walk_power=1.0)
