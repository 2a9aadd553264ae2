"""The CSR view: the same edges as the tables, without copying them."""

from __future__ import annotations

import pytest
import torch

from features.csr import adjacency
from features.rules import DAY_US
from tests.features.shop import blank, events, fold_days


def test_it_multiplies_as_the_dense_matrix_of_weights_does() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0), ("bob", "ale", 3), ("bob", "tea", 5)), 7)
    view = adjacency(graph, "user_item", 7 * DAY_US)
    dense = torch.zeros(view.shape, dtype=torch.float64)
    users, items = (torch.tensor(graph.edges[name].tolist()) for name in ("user_row", "item_row"))
    dense[users, items] = torch.from_numpy(graph.weights()[:, 0])
    assert torch.allclose(view.to_sparse().to_dense() * view.decay, dense)


def test_columns_and_values_are_the_graphs_own_memory() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0), ("bob", "ale", 3)), 7)
    view, table = adjacency(graph, "user_item", 7 * DAY_US), graph.edge_table("user_item")
    assert view.value.data_ptr() == table["weight_7d"].chunk(0).buffers()[1].address
    assert view.col.data_ptr() == table["target_row"].chunk(0).buffers()[1].address


def test_a_half_life_that_edges_do_not_have_is_refused_with_those_they_have() -> None:
    with pytest.raises(ValueError, match="which have 7, 28"):
        adjacency(blank(7, 28), "user_query", 9 * DAY_US)
