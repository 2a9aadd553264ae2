"""Propagation against dense float64, and how nodes without a factor get one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from models.flagship.propagation import fill_cold, group_means, propagate, scale_rows
from models.layers.adjacency import normalised_adjacency

INTERESTS = np.array([[2.0, 0.5, 0.0, 0.0], [0.0, 1.0, 3.0, 0.0], [0.0, 0.0, 0.25, 0.0]])


def dense_reference(interests: np.ndarray) -> np.ndarray:
    users, items = interests.shape
    adjacency = np.zeros((users + items, users + items))
    adjacency[:users, users:], adjacency[users:, :users] = interests, interests.T
    degree = adjacency.sum(axis=1)
    scale = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    return scale[:, None] * adjacency * scale[None, :]


def test_a_hop_equals_the_dense_product_in_float64() -> None:
    x = np.random.default_rng(0).normal(size=(7, 5))
    hops = propagate(torch.from_numpy(x).float(), normalised_adjacency(csr_matrix(INTERESTS)))
    assert hops[:, 0].numpy() == pytest.approx(x, abs=1e-6)
    assert hops[:, 1].numpy() == pytest.approx(dense_reference(INTERESTS) @ x, abs=1e-6)


def test_an_item_without_edges_gets_nothing_from_a_hop() -> None:
    hops = propagate(torch.ones(7, 2), normalised_adjacency(csr_matrix(INTERESTS)))
    assert hops[6, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("how", ["unit", "mean"])
def test_rows_are_scaled_to_a_mean_length_of_1_and_rows_of_zeros_stay(how: str) -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])
    lengths = scale_rows(x, how).norm(dim=1).tolist()
    assert lengths == pytest.approx({"unit": [1, 1, 0], "mean": [5 / 3, 1 / 3, 0]}[how])


def test_a_row_without_a_factor_is_filled_from_its_neighbours() -> None:
    x = torch.ones(7, 2)
    x[3] = 0.0  # item 0, bought by user 0
    filled = fill_cold(x, normalised_adjacency(csr_matrix(INTERESTS)), 3, [], [])
    assert filled[3, 0] == pytest.approx(2.0 / np.sqrt(2.5 * 2.0))
    assert torch.equal(filled[:3], x[:3])


def test_an_item_nobody_bought_is_filled_from_its_category() -> None:
    x = torch.ones(7, 2)
    x[3], x[6] = torch.tensor([0.0, 4.0]), 0.0  # item 3 was never bought, and shares a category with item 0
    members = csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]))
    filled = fill_cold(x, normalised_adjacency(csr_matrix(INTERESTS)), 3, [], [members])
    assert filled[6].tolist() == [0.0, 4.0]


def test_an_item_without_any_relation_stays_zero() -> None:
    x = torch.ones(7, 2)
    x[6] = 0.0
    nobody = csr_matrix((4, 0))
    assert fill_cold(x, normalised_adjacency(csr_matrix(INTERESTS)), 3, [], [nobody])[6].tolist() == [0.0, 0.0]


def test_a_groups_mean_is_weighted_by_demand() -> None:
    means = group_means(csr_matrix(np.array([[1.0], [1.0]])), np.array([[1.0], [5.0]]), np.array([3.0, 1.0]))
    assert means.tolist() == [[2.0]]
