"""GF-CF against the formula over dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines.graph_filter import GraphFilter
from models.ranking import interest_matrix
from tests.models.toy import shop

BOUGHT = {(0, 0): [1.0], (0, 1): [4.0, 9.0], (1, 1): [2.0], (1, 2): [30.0], (2, 2): [5.0], (2, 3): [1.0], (3, 0): [8.0]}


@pytest.mark.parametrize(("users", "items"), [(5, 5), (4, 7), (6, 4)])
def test_both_filters_are_those_of_the_paper(users: int, items: int) -> None:
    graph = shop(BOUGHT, users=users, items=items)
    interests = interest_matrix(graph, 21.0).toarray()
    totals = interests.sum(axis=1), interests.sum(axis=0)
    of_users, of_items = (np.divide(1, np.sqrt(n), out=np.zeros(len(n)), where=n > 0) for n in totals)
    scaled = of_users[:, None] * interests * of_items
    vectors = np.linalg.svd(scaled)[2][:2].T
    ideal = of_items[:, None] * (vectors @ vectors.T) * np.sqrt(totals[1])
    wanted = interests @ (scaled.T @ scaled + 0.3 * ideal)
    recommender = GraphFilter(half_life=21.0, factors=2, ideal=0.3)
    recommender.fit([], graph)
    ranking = recommender.recommend(torch.arange(users), items)
    found = torch.zeros(users, items, dtype=torch.float64).scatter(1, ranking.items, ranking.scores).numpy()
    assert found == pytest.approx(wanted, abs=1e-9)


def test_a_graph_without_edges_has_scores_of_zero() -> None:
    recommender = GraphFilter(half_life=21.0, factors=2, ideal=0.3)
    recommender.fit([], shop({}))
    assert not recommender.recommend(torch.arange(6), 3).scores.any()
