"""Embeddings carried along the graph's edges, once a refresh; how nodes without a factor get one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn.functional import normalize
from torch_geometric.nn import LGConv

from models.flagship.settings import HOPS


def propagate(x: Tensor, adjacency: Tensor) -> Tensor:
    """[nodes, hops, factors]: `x` [nodes, factors], then one more propagation for each hop, rows of unit length.

    `h_v^(l+1) = Σ_u w_uv / √(d_u d_v) · h_u^(l)` (LightGCN, He et al. 2020, eq. 3, with decayed weights); a row of
    zeros stays so.
    """
    hop = LGConv(normalize=False)
    hops = [normalize(x, dim=1)]
    for _ in range(HOPS - 1):
        x = hop(x, adjacency)
        hops.append(normalize(x, dim=1))
    return torch.stack(hops, dim=1)


def fill_cold(x: Tensor, adjacency: Tensor, first_item: int, groups: Mapping[str, csr_matrix]) -> Tensor:
    """`x` [nodes, factors] with rows of zeros filled: from neighbours, else (items) from the means of their groups.

    `groups` maps a relation to its membership [groups, items]. Rows of nodes that have neither stay zero.
    """
    cold = x.abs().sum(dim=1) == 0
    if not cold.any():
        return x
    filled = torch.where(cold[:, None], LGConv(normalize=False)(x, adjacency), x)
    items = filled[first_item:]
    still = (items.abs().sum(dim=1) == 0).numpy()
    warm = (~still).astype(np.float64)
    sums = np.zeros((int(still.sum()), x.shape[1]))
    for members in groups.values():
        means = group_means(members, items.numpy(), warm)
        sums += members.T[still] @ means
    filled = filled.clone()
    filled[first_item + torch.from_numpy(np.flatnonzero(still))] = torch.from_numpy(sums.astype(np.float32))
    return filled


def group_means(members: csr_matrix, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[groups, factors] means of the items' `x` [items, factors] under `weight` [items]; zeros where none weighs."""
    total = members @ weight
    sums = members @ (x * weight[:, None])
    return np.divide(sums, total[:, None], out=np.zeros_like(sums), where=total[:, None] > 0)
