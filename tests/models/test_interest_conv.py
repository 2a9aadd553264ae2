"""The interest graph's convolution against a dense reference in float64, over edges and over an adjacency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from models.layers.adjacency import csr_tensor
from models.layers.interest_conv import InterestConv

NODES, WIDE, NARROW = 7, 5, 3
EDGES = torch.tensor([[0, 1, 2, 2, 3, 4, 5], [1, 0, 0, 1, 1, 5, 4]])
"""Directed; into node 1 come three edges, into nodes 2, 3 and 6 none, and node 6 has none at all."""
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0, 1.5, -1.0])
AGGREGATIONS = ("add", "mean")
Over = Callable[[Tensor, Tensor], tuple[Any, ...]]


def dense(edges: Tensor, weights: Tensor, shape: tuple[int, int] = (NODES, NODES)) -> Tensor:
    """[destinations, sources] of weights, float64."""
    matrix = torch.zeros(shape, dtype=torch.float64)
    matrix[edges[1], edges[0]] = weights.double()
    return matrix


def reference(conv: InterestConv, h: Tensor, x: Tensor, weights: Tensor) -> Tensor:
    """`relu(Θ (x + A h))` with matrices alone; the rows of `A` divided by how many edges they have for the mean."""
    if conv.aggr == "mean":
        weights = weights / (weights != 0).sum(dim=1, keepdim=True).clamp_min(1)
    return torch.relu((x + weights @ h) @ conv.theta.weight.double().T)


def as_edges(edges: Tensor, weights: Tensor) -> tuple[Any, ...]:
    return edges, weights


def as_adjacency(edges: Tensor, weights: Tensor) -> tuple[Any, ...]:
    parts = dense(edges, weights).float().to_sparse_csr()
    return (csr_tensor(parts.crow_indices().int(), parts.col_indices().int(), parts.values(), (NODES, NODES)),)


def layer(aggr: str, **options: Any) -> InterestConv:
    torch.manual_seed(0)
    return InterestConv(WIDE, NARROW, aggr=aggr, **options)


def features(rows: int = NODES) -> Tensor:
    return torch.randn(rows, WIDE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("over", [as_edges, as_adjacency])
@pytest.mark.parametrize("aggr", AGGREGATIONS)
def test_values_and_gradients_equal_dense_float64(aggr: str, over: Over) -> None:
    conv, x, slope = layer(aggr), features().requires_grad_(), torch.randn(NODES, NARROW)
    out = conv(x, *over(EDGES, WEIGHTS))
    (out * slope).sum().backward()
    exact = x.detach().double().requires_grad_()
    expected = reference(conv, exact, exact, dense(EDGES, WEIGHTS))
    theta = torch.autograd.grad((expected * slope.double()).sum(), [exact, conv.theta.weight])
    assert x.grad is not None and conv.theta.weight.grad is not None
    assert (out.double() - expected).abs().max() < 1e-6 and expected.abs().max() > 0.1
    assert (x.grad.double() - theta[0]).abs().max() < 1e-6 and theta[0].abs().max() > 0.1
    assert (conv.theta.weight.grad - theta[1]).abs().max() < 1e-5 and theta[1].abs().max() > 0.1


@pytest.mark.parametrize("aggr", AGGREGATIONS)
def test_weights_have_a_gradient(aggr: str) -> None:
    conv, x, weights = layer(aggr), features(), WEIGHTS.clone().requires_grad_()
    conv(x, EDGES, weights).sum().backward()
    exact = WEIGHTS.double().requires_grad_()
    matrix = torch.zeros(NODES, NODES, dtype=torch.float64).index_put((EDGES[1], EDGES[0]), exact)
    expected = torch.autograd.grad(reference(conv, x.double(), x.double(), matrix).sum(), exact)[0]
    assert weights.grad is not None
    assert (weights.grad.double() - expected).abs().max() < 1e-6 and expected.abs().max() > 0.1


def test_edges_without_weights_weigh_one() -> None:
    conv, x = layer("add"), features()
    assert torch.equal(conv(x, EDGES), conv(x, EDGES, torch.ones(len(WEIGHTS))))
    assert not torch.allclose(conv(x, EDGES), conv(x, EDGES, WEIGHTS))


def test_a_sum_is_what_the_eye_sees() -> None:
    conv = InterestConv(1, 1)
    torch.nn.init.constant_(conv.theta.weight, 10.0)
    x = torch.tensor([[1.0], [2.0], [4.0]])
    edges, weights = torch.tensor([[0, 1], [2, 2]]), torch.tensor([0.5, 3.0])
    assert conv(x, edges, weights).squeeze().tolist() == [10.0, 20.0, 10 * (4 + 0.5 * 1 + 3 * 2)]


def test_a_mean_divides_by_the_number_of_neighbours() -> None:
    conv = InterestConv(1, 1, aggr="mean")
    torch.nn.init.constant_(conv.theta.weight, 10.0)
    x = torch.tensor([[1.0], [2.0], [4.0]])
    edges, weights = torch.tensor([[0, 1], [2, 2]]), torch.tensor([0.5, 3.0])
    assert conv(x, edges, weights).squeeze().tolist() == [10.0, 20.0, 10 * (4 + (0.5 * 1 + 3 * 2) / 2)]


@pytest.mark.parametrize("over", [as_edges, as_adjacency])
@pytest.mark.parametrize("aggr", AGGREGATIONS)
def test_a_node_without_neighbours_becomes_what_theta_makes_of_it(aggr: str, over: Over) -> None:
    conv, x = layer(aggr), features()
    out = conv(x, *over(EDGES, WEIGHTS))
    assert torch.allclose(out[[2, 3, 6]], torch.relu(x[[2, 3, 6]] @ conv.theta.weight.T), atol=1e-6)


@pytest.mark.parametrize("aggr", AGGREGATIONS)
def test_an_adjacency_equals_its_edges(aggr: str) -> None:
    conv, x = layer(aggr), features()
    over_edges, over_adjacency = (conv(x, *over(EDGES, WEIGHTS)) for over in (as_edges, as_adjacency))
    assert torch.allclose(over_edges, over_adjacency, rtol=0, atol=1e-6)


@pytest.mark.parametrize("aggr", AGGREGATIONS)
def test_neighbours_may_hold_something_else_than_what_nodes_are(aggr: str) -> None:
    conv, h, x = layer(aggr), features(4), features(2) + 1
    edges, weights = torch.tensor([[0, 3, 3], [0, 0, 1]]), torch.tensor([2.0, 0.5, 1.0])
    expected = reference(conv, h.double(), x.double(), dense(edges, weights, (2, 4)))
    over_edges = conv((h, x), edges, weights)
    over_adjacency = conv((h, x), dense(edges, weights, (2, 4)).float().to_sparse_csr())
    assert (over_edges.double() - expected).abs().max() < 1e-6
    assert (over_adjacency.double() - expected).abs().max() < 1e-6


def test_without_act_and_with_bias_only_a_vector_is_added() -> None:
    conv, x = layer("add", act=None, bias=True), features()
    assert conv.bias is not None
    plain = conv(x, EDGES, WEIGHTS)
    torch.nn.init.constant_(conv.bias, 2.0)
    assert plain.min() < 0 and torch.allclose(conv(x, EDGES, WEIGHTS), plain + 2)


def test_what_cannot_be_gathered_is_refused() -> None:
    conv, x = layer("add"), features()
    (adjacency,) = as_adjacency(EDGES, WEIGHTS)
    with pytest.raises(ValueError, match="aggr is 'max'"):
        InterestConv(WIDE, NARROW, aggr="max")
    with pytest.raises(ValueError, match=r"edge_weight \(7,\) beside an adjacency"):
        conv(x, adjacency, WEIGHTS)
    with pytest.raises(ValueError, match=r"torch\.sparse_coo, and has to be torch\.sparse_csr"):
        conv(x, adjacency.to_sparse_coo())
