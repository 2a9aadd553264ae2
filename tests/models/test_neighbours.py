"""Baselines that lean on neighbours, against the formulas written out over dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from models.baselines.item_knn import ItemKnn
from models.baselines.neighbours import cosine_neighbours
from models.baselines.tifu_knn import TifuKnn
from models.ranking import interest_matrix
from tests.models.toy import N_ITEMS, N_USERS, shop

EVERYONE = torch.arange(N_USERS)
DENSE = interest_matrix(shop(), 21.0).toarray()


def cosines(rows: np.ndarray) -> np.ndarray:
    sizes = np.linalg.norm(rows, axis=1)
    unit = np.divide(rows, sizes[:, None], out=np.zeros_like(rows), where=sizes[:, None] > 0)
    alike = unit @ unit.T
    np.fill_diagonal(alike, 0.0)
    return alike


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]), min_size=4, max_size=4), min_size=2, max_size=7),
    st.integers(1, 8),
)
def test_neighbours_are_the_most_alike_rows_with_their_cosines(rows: list[list[float]], neighbours: int) -> None:
    wanted = cosines(np.array(rows))
    found = cosine_neighbours(csr_matrix(np.array(rows)), neighbours).toarray()
    for row, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
        assert mine[row] == 0
        assert np.sort(mine)[::-1][:neighbours] == pytest.approx(np.sort(theirs)[::-1][:neighbours])
        assert mine[mine > 0] == pytest.approx(theirs[mine > 0])
        assert (mine > 0).sum() == min(neighbours, (theirs > 1e-12).sum())


def test_item_knn_adds_up_what_own_items_are_alike_to() -> None:
    recommender = ItemKnn(half_life=21.0, neighbours=N_ITEMS)
    recommender.fit([], shop())
    wanted = DENSE @ (cosines(DENSE.T) + np.eye(N_ITEMS))
    assert by_item(recommender) == pytest.approx(wanted)


def test_tifu_knn_blends_the_own_profile_with_the_mean_of_the_nearest() -> None:
    recommender = TifuKnn(half_life=21.0, neighbours=2, own=0.7)
    recommender.fit([], shop())
    shares = DENSE / DENSE.sum(axis=1, keepdims=True)
    near = cosines(DENSE) > 0  # the two others of the block
    assert (near.sum(axis=1) == 2).all()
    wanted = 0.7 * shares + 0.3 * (near @ shares) / 2
    assert by_item(recommender) == pytest.approx(wanted)


def by_item(recommender: ItemKnn | TifuKnn) -> np.ndarray:
    ranking = recommender.recommend(EVERYONE, N_ITEMS)
    scores = torch.zeros(N_USERS, N_ITEMS, dtype=torch.float64)
    return scores.scatter(1, ranking.items, ranking.scores).numpy()
