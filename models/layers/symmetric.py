"""Propagation over a symmetric adjacency, whose gradient is the same product again.

Of a product `A @ x` autograd makes the gradient `Aᵀ @ g`, and transposes a CSR matrix anew in each backward pass. Where
`A` is symmetric, as that of an undirected graph is, `Aᵀ = A` and there is nothing to transpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from models.layers.adjacency import select_rows, transpose

COLUMNS = 16
"""On a CPU so many columns at a time go through all layers: a row of them is one cache line, and those of 70,839 nodes
are 4.5 MB, which the cache holds. 64 at once took 1.4 times as long. Each column is summed in the same order."""


def propagate_symmetric(x: Tensor, adjacency: Tensor) -> Tensor:
    """[nodes, factors]: `A @ x` for `x` [nodes, factors], and in backward `A @ gradient`.

    `h_v = Σ_u w_uv · x_u` (with a normalised adjacency LightGCN, He et al. 2020, eq. 3). `adjacency` [nodes, nodes] is
    CSR and symmetric: that it is symmetric is the caller's promise, and of an adjacency that is not the gradient is
    wrong. No gradient goes to the adjacency. Raises ValueError where it is not CSR, not square, of another number of
    nodes than `x`, or asks for a gradient.
    """
    _check(x, adjacency)
    return _Propagation.apply(x, adjacency)


def layer_mean(x: Tensor, adjacency: Tensor, layers: int) -> Tensor:
    """[nodes, factors]: the mean of `x` [nodes, factors] and what 1, 2, … `layers` propagations make of it.

    `1/(L+1) · Σ_l A^l x` (LightGCN, He et al. 2020, eq. 3 and 4 with α_l = 1/(L+1)). A sum of powers of `A` is as
    symmetric as `A`, so that the gradient is the layer mean of the gradient. Takes and refuses what
    `propagate_symmetric` does, and fewer than 1 layer.
    """
    _check(x, adjacency, layers)
    return _LayerMean.apply(x, adjacency, layers)


def layer_mean_of(nodes: Tensor, x: Tensor, adjacency: Tensor, layers: int) -> tuple[Tensor, Tensor]:
    """[n, factors] twice: the rows `nodes` [n] of `layer_mean(x, adjacency, layers)`, for less, and those of `x`.

    The last layer is propagated to these nodes alone; and as only they have a gradient, the first product of the
    backward pass is with their rows alone. LightGCN's loss regularises the rows of `x`: taken from here, their
    gradient needs no tensor of all nodes of its own. A node that is named twice costs twice.
    """
    _check(x, adjacency, layers)
    return _LayerMeanOf.apply(x, nodes, adjacency, layers)


class _Propagation(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: Tensor) -> Tensor:
        ctx.save_for_backward(adjacency)
        return adjacency @ x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Propagation.apply(gradient, *ctx.saved_tensors), None


class _LayerMean(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: Tensor, layers: int) -> Tensor:
        ctx.save_for_backward(adjacency)
        ctx.layers = layers
        mean = torch.empty_like(x)
        for columns, work in _work_on_columns(x, layers):
            work[0].copy_(x[:, columns])
            torch.div(_sum_powers(work, adjacency, layers), layers + 1, out=mean[:, columns])
        return mean

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _LayerMean.apply(gradient, *ctx.saved_tensors, ctx.layers), None, None


class _LayerMeanOf(Function):
    """With `P = Σ_{l<L} A^l`: forward the rows of `x + A P x`, backward `g + P A g`, both over L + 1."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, nodes: Tensor, adjacency: Tensor, layers: int) -> tuple[Tensor, Tensor]:
        rows = select_rows(adjacency, nodes)
        ctx.save_for_backward(nodes, rows, adjacency)
        ctx.layers = layers
        own, above = x[nodes], x.new_empty(len(nodes), x.shape[1])
        for columns, work in _work_on_columns(x, layers - 1):
            work[0].copy_(x[:, columns])
            above[:, columns] = rows @ _sum_powers(work, adjacency, layers - 1)
        return above.add_(own).div_(layers + 1), own

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_mean: Tensor, of_own: Tensor) -> tuple[Tensor, None, None, None]:
        nodes, rows, adjacency = ctx.saved_tensors
        scaled = of_mean / (ctx.layers + 1)
        whole, back = scaled.new_empty(len(adjacency), scaled.shape[1]), transpose(rows)
        for columns, work in _work_on_columns(whole, ctx.layers - 1):
            torch.addmm(work[0], back, scaled[:, columns].contiguous(), beta=0, out=work[0])
            whole[:, columns] = _sum_powers(work, adjacency, ctx.layers - 1)
        return whole.index_add_(0, nodes, scaled.add_(of_own)), None, None, None


def _work_on_columns(x: Tensor, highest: int) -> Iterator[tuple[slice, list[Tensor]]]:
    """Some columns of `x` after the others, and room to sum powers up to `highest` of so many columns.

    The room is the same each time: fresh memory would cost more than the sums in it.
    """
    width = min(COLUMNS, x.shape[1]) if x.device.type == "cpu" else x.shape[1]
    room = x.new_empty(1 + min(highest, 2), len(x), width)
    for start in range(0, x.shape[1], width):
        stop = min(start + width, x.shape[1])
        yield slice(start, stop), list(room[:, :, : stop - start])


def _sum_powers(work: list[Tensor], adjacency: Tensor, highest: int) -> Tensor:
    """`Σ_l A^l x` for l from 0 to `highest` and `x` in `work[0]`, which becomes the sum; the rest is overwritten.

    By Horner's rule: `x + A (x + A (x + …))`. What is read is never what is written.
    """
    first, *others = work
    if not highest:
        return first
    power = others[0].copy_(first) if highest == 1 else first
    for step in range(highest - 1):
        power = torch.addmm(first, adjacency, power, out=others[step % 2])
    return first.addmm_(adjacency, power)


def _check(x: Tensor, adjacency: Tensor, layers: int = 1) -> None:
    if adjacency.layout != torch.sparse_csr:
        raise ValueError(f"the adjacency is {adjacency.layout}, and has to be torch.sparse_csr")
    if adjacency.dim() != 2 or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"an adjacency of shape {tuple(adjacency.shape)} is not square, so it cannot be symmetric")
    if adjacency.requires_grad:
        raise ValueError("the adjacency asks for a gradient, and this propagation gives it none")
    if x.dim() != 2 or len(x) != len(adjacency):
        raise ValueError(f"x of shape {tuple(x.shape)} has to be [nodes, factors] for {len(adjacency)} nodes")
    if layers < 1:
        raise ValueError(f"a mean over {layers} layers: there has to be at least one")
