"""Propagation over a symmetric adjacency against PyTorch Geometric's LightGCN; gradients against differences too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch_geometric.nn.models import LightGCN
from torch_geometric.utils import to_undirected

from models.layers.adjacency import csr_tensor, normalised_adjacency, select_rows, transpose
from models.layers.symmetric import layer_mean, layer_mean_of, propagate_symmetric

USERS, ITEMS, FACTORS, LAYERS = 30, 50, 40, 3
NODES = USERS + ITEMS
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
PATH = csr_matrix(np.array([[1.0, 0.0], [1.0, 0.0]]))
"""Users 0 and 1 took item 0 (node 2); nobody took item 1 (node 3)."""


def half_empty(seed: int = 0) -> csr_matrix:
    """[users, items] ones: the latter half of the users and of the items have no edge."""
    taken = np.random.default_rng(seed).random((USERS, ITEMS)) < 0.2
    taken[USERS // 2 :], taken[:, ITEMS // 2 :] = False, False
    return csr_matrix(taken.astype(np.float64))


def edge_index(taken: csr_matrix) -> Tensor:
    users, items = (torch.from_numpy(part.astype(np.int64)) for part in taken.nonzero())
    return to_undirected(torch.stack([users, items + USERS]), num_nodes=NODES)


def batch() -> Tensor:
    """[192] nodes: users, items they took, items they did not; some named twice, some without an edge."""
    random = torch.Generator().manual_seed(1)
    users = torch.randint(USERS, (64,), generator=random)
    return torch.cat([users, torch.randint(USERS, NODES, (128,), generator=random)])


def bpr(after: Tensor, before: Tensor) -> Tensor:
    """LightGCN's loss, from the batch's rows after propagation and before, those of users first."""
    users, taken, other = after.chunk(3)
    return before.square().sum() / 10 - torch.nn.functional.logsigmoid((users * (taken - other)).sum(dim=1)).sum()


def whole(x: Tensor, adjacency: Tensor) -> Tensor:
    return bpr(layer_mean(x, adjacency, LAYERS)[batch()], x[batch()])


def hop_by_hop(x: Tensor, adjacency: Tensor) -> Tensor:
    layers = [x]
    for _ in range(LAYERS):
        layers.append(propagate_symmetric(layers[-1], adjacency))
    return bpr(torch.stack(layers).mean(dim=0)[batch()], x[batch()])


def of_the_batch(x: Tensor, adjacency: Tensor) -> Tensor:
    nodes, place = batch().to(x.device).unique(return_inverse=True)
    after, before = layer_mean_of(nodes, x, adjacency, LAYERS)
    return bpr(after[place], before[place])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("ours", [whole, hop_by_hop, of_the_batch])
def test_loss_and_gradient_are_those_of_lightgcn(ours: Callable[[Tensor, Tensor], Tensor], device: str) -> None:
    network = LightGCN(NODES, FACTORS, LAYERS)
    torch.nn.init.normal_(network.embedding.weight, generator=torch.Generator().manual_seed(2))
    expected = bpr(network.get_embedding(edge_index(half_empty()))[batch()], network.embedding.weight[batch()])
    expected.backward()
    x = network.embedding.weight.detach().to(device).requires_grad_()
    loss = ours(x, normalised_adjacency(half_empty()).to(device))
    loss.backward()
    gradient = network.embedding.weight.grad
    assert x.grad is not None and gradient is not None
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert (x.grad.cpu() - gradient).abs().max() <= 1e-5 * gradient.abs().max()


@pytest.mark.parametrize("device", DEVICES)
def test_embeddings_are_those_of_lightgcn(device: str) -> None:
    network = LightGCN(NODES, FACTORS, LAYERS)
    expected = network.get_embedding(edge_index(half_empty()))
    x, adjacency = network.embedding.weight.to(device), normalised_adjacency(half_empty()).to(device)
    assert torch.allclose(layer_mean(x, adjacency, LAYERS).cpu(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_gradients_equal_differences_in_float64(layers: int, device: str) -> None:
    adjacency = _double(normalised_adjacency(half_empty())).to(device)
    x = torch.randn(NODES, 2, dtype=torch.float64, device=device, requires_grad=True)
    nodes = torch.tensor([0, 0, USERS, NODES - 1], device=device)
    checks: list[Callable[[Tensor], Any]] = [
        lambda x: propagate_symmetric(x, adjacency),
        lambda x: layer_mean(x, adjacency, layers),
        lambda x: layer_mean_of(nodes, x, adjacency, layers),
    ]
    assert all(gradcheck(check, (x,)) for check in checks)
    assert all(gradgradcheck(check, (x,)) for check in checks[:2])


def test_a_product_is_what_the_eye_sees() -> None:
    x = torch.tensor([[1.0], [10.0], [100.0], [1000.0]])
    root = 2**-0.5  # item 0 has two edges, each user one
    products = propagate_symmetric(x, normalised_adjacency(PATH)).squeeze().tolist()
    assert products == pytest.approx([100 * root, 100 * root, 11 * root, 0.0])


def test_a_node_without_edges_keeps_its_share_of_itself() -> None:
    x = torch.full((4, 1), 8.0, requires_grad=True)
    mean = layer_mean(x, normalised_adjacency(PATH), 3)
    mean[3].backward()
    assert x.grad is not None
    assert mean[3].item() == 2.0 and x.grad.squeeze().tolist() == [0.0, 0.0, 0.0, 0.25]


def test_a_graph_without_any_edge_gives_a_share_of_the_input() -> None:
    nothing = normalised_adjacency(csr_matrix((2, 2)))
    assert torch.equal(layer_mean(torch.ones(4, 3), nothing, 1), torch.full((4, 3), 0.5))
    assert torch.equal(layer_mean_of(torch.tensor([3]), torch.ones(4, 3), nothing, 1)[0], torch.full((1, 3), 0.5))


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("nodes", [[], [2], [3, 3, 0], [3, 2, 1, 0]])
def test_the_rows_of_some_nodes_are_those_of_the_whole(nodes: list[int], layers: int) -> None:
    x, adjacency = torch.randn(4, 3), normalised_adjacency(PATH)
    asked = torch.tensor(nodes, dtype=torch.int64)
    after, before = layer_mean_of(asked, x, adjacency, layers)
    assert torch.allclose(after, layer_mean(x, adjacency, layers)[asked], rtol=0, atol=1e-6)
    assert torch.equal(before, x[asked])


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("factors", [1, 15, 16, 17, 40])
def test_any_number_of_factors_and_layers_equals_dense_float64(factors: int, layers: int) -> None:
    x, adjacency = torch.randn(NODES, factors), normalised_adjacency(half_empty())
    powers = [
        torch.linalg.matrix_power(adjacency.to_dense().double(), layer) @ x.double() for layer in range(layers + 1)
    ]
    expected = torch.stack(powers).mean(dim=0).float()
    assert torch.allclose(layer_mean(x, adjacency, layers), expected, rtol=0, atol=1e-5)
    assert torch.allclose(layer_mean(x.T.contiguous().T, adjacency, layers), expected, rtol=0, atol=1e-5)


def test_the_input_is_left_as_it_was() -> None:
    x, adjacency = torch.randn(4, 3), normalised_adjacency(PATH)
    before = x.clone()
    layer_mean(x, adjacency, 3)
    layer_mean_of(torch.tensor([1]), x, adjacency, 3)
    assert torch.equal(x, before)


def test_rows_are_selected_in_the_order_they_are_named() -> None:
    adjacency = normalised_adjacency(half_empty())
    nodes = torch.tensor([USERS, NODES - 1, 0, USERS])
    assert torch.equal(select_rows(adjacency, nodes).to_dense(), adjacency.to_dense()[nodes])


@pytest.mark.parametrize("nodes", [[], [NODES - 1], [USERS, NODES - 1, 0, USERS]])
def test_rows_are_transposed(nodes: list[int]) -> None:
    rows = select_rows(normalised_adjacency(half_empty()), torch.tensor(nodes, dtype=torch.int64))
    assert transpose(rows).layout == torch.sparse_csr
    assert torch.equal(transpose(rows).to_dense(), rows.to_dense().T)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"adjacency": torch.eye(4)}, "torch.strided, and has to be torch.sparse_csr"),
    ({"adjacency": torch.eye(4).to_sparse()}, "torch.sparse_coo, and has to be torch.sparse_csr"),
    ({"adjacency": torch.ones(4, 3).to_sparse_csr()}, r"shape \(4, 3\) is not square"),
    ({"adjacency": torch.ones(4, 4, 4).to_sparse_csr()}, r"shape \(4, 4, 4\) is not square"),
    ({"adjacency": torch.eye(4).to_sparse_csr().requires_grad_()}, "asks for a gradient"),
    ({"x": torch.ones(5, 2)}, r"x of shape \(5, 2\) has to be \[nodes, factors\] for 4 nodes"),
    ({"x": torch.ones(4)}, r"x of shape \(4,\) has to be"),
    ({"layers": 0}, "a mean over 0 layers"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_propagated_is_refused(wrong: dict[str, Any], told: str) -> None:
    given = {"x": torch.ones(4, 2), "adjacency": torch.eye(4).to_sparse_csr(), "layers": 2} | wrong
    with pytest.raises(ValueError, match=told):
        layer_mean(**given)
    with pytest.raises(ValueError, match=told):
        layer_mean_of(torch.tensor([0]), **given)
    if "layers" not in wrong:
        with pytest.raises(ValueError, match=told):
            propagate_symmetric(given["x"], given["adjacency"])


def _double(adjacency: Tensor) -> Tensor:
    parts = adjacency.crow_indices(), adjacency.col_indices(), adjacency.values().double()
    return csr_tensor(*parts, (NODES, NODES))
