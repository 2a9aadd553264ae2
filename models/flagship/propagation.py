"""Embeddings carried along the graph's edges, once a refresh; how nodes without a factor get one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch_geometric.nn import LGConv

from models.flagship.settings import HOPS
from models.layers.interest_conv import InterestConv


def propagate(x: Tensor, adjacency: Tensor, layer: str = "symmetric") -> Tensor:
    """[nodes, hops, factors]: `x` [nodes, factors], then one more propagation for each hop.

    `h_v^(l+1) = Σ_u w_uv / √(d_u d_v) · h_u^(l)` (LightGCN, He et al. 2020, eq. 3, with decayed weights). A hop is not
    scaled again: its length tells how much weight a node has, and without it rankings get worse. With the `layer`
    "interest_sum" or "interest_mean" it is `InterestConv`'s, whose Θ is the network's and not applied here.
    """
    hop, hops = LGConv(normalize=False) if layer == "symmetric" else _interest_conv(x.shape[1], layer), [x]
    for _ in range(HOPS - 1):
        hops.append(hop(hops[-1], adjacency))
    return torch.stack(hops, dim=1)


@torch.no_grad()
def _interest_conv(factors: int, layer: str) -> InterestConv:
    conv = InterestConv(factors, factors, aggr="add" if layer == "interest_sum" else "mean", act=None)
    nn.init.eye_(conv.theta.weight)
    return conv.requires_grad_(False)


def scale_rows(x: Tensor, how: str) -> Tensor:
    """`x` [nodes, factors], each row scaled to length 1 ("unit"), or all by one number to a mean length of 1 ("mean").

    Rows of zeros stay so, and do not count for the mean.
    """
    if how == "unit":
        return normalize(x, dim=1)
    lengths = x.norm(dim=1)
    return x * ((lengths > 0).sum() / lengths.sum().clamp_min(1e-12))


def fill_cold(
    x: Tensor, adjacency: Tensor, users: int, of_users: Sequence[csr_matrix], of_items: Sequence[csr_matrix]
) -> Tensor:
    """`x` [users + items, factors] with rows of zeros filled: from neighbours, else from the means of their groups.

    `of_users` and `of_items` [nodes, groups] say, each in its own way, how much of a node belongs to each group. Rows
    of nodes that have neither neighbours nor groups stay zero.
    """
    cold = x.abs().sum(dim=1) == 0
    if not cold.any():
        return x
    filled = x
    if (adjacency.crow_indices().diff()[cold] > 0).any():
        filled = torch.where(cold[:, None], LGConv(normalize=False)(x, adjacency), x)
    return torch.cat([_fill_from_groups(filled[:users], of_users), _fill_from_groups(filled[users:], of_items)])


def _fill_from_groups(x: Tensor, belongs: Sequence[csr_matrix]) -> Tensor:
    """Rows of zeros get the mean of what those of `belongs` say that know their node."""
    cold = (x.abs().sum(dim=1) == 0).numpy()
    sums, told = np.zeros((int(cold.sum()), x.shape[1])), np.zeros((int(cold.sum()), 1))
    for groups in belongs if cold.any() else ():
        means, own = group_means(groups, x.numpy(), (~cold).astype(np.float64)), groups[cold]
        sums += own @ means
        told += np.diff(own.indptr)[:, None] > 0
    filled = x.clone()
    filled[torch.from_numpy(np.flatnonzero(cold))] = torch.from_numpy((sums / np.maximum(1, told)).astype(np.float32))
    return filled


def group_means(belongs: csr_matrix, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[groups, factors] means of `x` [nodes, factors] by `weight` [nodes] and how much of a node `belongs` [nodes,
    groups] to each; zeros where nothing weighs."""
    total = belongs.T @ weight
    sums = belongs.T @ (x * weight[:, None])
    return np.divide(sums, total[:, None], out=np.zeros_like(sums), where=total[:, None] > 0)
