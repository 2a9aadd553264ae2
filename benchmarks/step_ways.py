"""Ways to take one training step of LightGCN on Gowalla, which differ in what they cost alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import Parameter
from torch_geometric.nn import LightGCN
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.nn.models.lightgcn import BPRLoss
from torch_geometric.utils import to_undirected

from benchmarks.contests.public import gowalla_split
from models.layers.adjacency import normalised_adjacency
from models.layers.symmetric import COLUMNS, layer_mean, layer_mean_of, propagate_symmetric

FACTORS, LAYERS, BATCH = 64, 3, 2048
REGULARIZATION, LEARNING_RATE, SEED = 1e-4, 1e-3, 7
Batch = tuple[Tensor, Tensor, Tensor]
"""Nodes, each [n]: users, an item that each took, and one drawn from all."""


@dataclass(frozen=True)
class Pairs:
    """`taken` [2, n]: the nodes of users and of what they took; items come after the users."""

    taken: Tensor
    users: int
    items: int

    @property
    def nodes(self) -> int:
        return self.users + self.items

    @property
    def edge_index(self) -> Tensor:
        """[2, 2n], both directions, sorted by source."""
        return to_undirected(self.taken, num_nodes=self.nodes)

    @property
    def adjacency(self) -> Tensor:
        users, items = self.taken.numpy()
        shape = (self.users, self.items)
        return normalised_adjacency(csr_matrix((np.ones(len(users)), (users, items - self.users)), shape=shape))

    def draw(self, random: torch.Generator) -> Batch:
        users, taken = self.taken[:, torch.randint(self.taken.shape[1], (BATCH,), generator=random)]
        return users, taken, self.users + torch.randint(self.items, (BATCH,), generator=random)


def gowalla() -> Pairs:
    """The pairs of the training part."""
    table = gowalla_split("train")
    users, items = int(table["user"].max()) + 1, int(table["item"].max()) + 1
    taken = torch.from_numpy(table[["user", "item"]].to_numpy(dtype=np.int64).T.copy())
    taken[1] += users
    return Pairs(taken, users, items)


class Way:
    """`loss` of a batch, the `embedding` [nodes, factors] that it has a gradient to, and Adam over all of it."""

    def __init__(self, embedding: Parameter, loss: Callable[[Batch], Tensor]) -> None:
        self.embedding, self.loss = embedding, loss
        self._optimiser = torch.optim.Adam([embedding], lr=LEARNING_RATE, fused=True)

    def step(self, batch: Batch) -> None:
        self.gradient(batch)
        self._optimiser.step()

    def gradient(self, batch: Batch) -> Tensor:
        self._optimiser.zero_grad()
        self.loss(batch).backward()
        assert self.embedding.grad is not None
        return self.embedding.grad


def published_ways(pairs: Pairs) -> dict[str, Way]:
    """PyTorch Geometric's `LightGCN` over an `edge_index`, as its example has it and as it is fastest."""
    edges = pairs.edge_index
    sorted_edges = edges.flip(0)  # by destination
    _, weight = gcn_norm(sorted_edges, None, pairs.nodes, add_self_loops=False)
    return {
        "PyG, `edge_index`": _published(pairs, edges),
        "PyG, `edge_index` sorted by destination, normalised beforehand": _published(pairs, sorted_edges, weight),
    }


def csr_ways(pairs: Pairs) -> dict[str, Way]:
    """What changes on the way from PyTorch Geometric over a CSR adjacency to `OURS`, one thing a row."""
    adjacency = pairs.adjacency
    return {
        "PyG, CSR": _published(pairs, adjacency, normalize=False),
        "CSR, symmetric": _ours(pairs, lambda x, nodes: (_hop_by_hop(x, adjacency)[nodes], x[nodes])),
        f"CSR, symmetric, {COLUMNS} columns at a time": _ours(
            pairs, lambda x, nodes: (layer_mean(x, adjacency, LAYERS)[nodes], x[nodes])
        ),
        OURS: _ours(pairs, lambda x, nodes: layer_mean_of(nodes, x, adjacency, LAYERS)),
    }


OURS = f"CSR, symmetric, {COLUMNS} columns at a time, the batch's nodes alone"


def _published(pairs: Pairs, edges: Tensor, weight: Tensor | None = None, *, normalize: bool | None = None) -> Way:
    network = _network(pairs, normalize=weight is None if normalize is None else normalize)

    def loss(batch: Batch) -> Tensor:
        users, taken, other = batch
        asked = torch.stack([users.repeat(2), torch.cat([taken, other])])
        liked, disliked = network(edges, asked, weight).chunk(2)
        return network.recommendation_loss(liked, disliked, node_id=torch.cat(batch), lambda_reg=REGULARIZATION)

    return Way(network.embedding.weight, loss)


def _ours(pairs: Pairs, propagated: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Way:
    """`propagated(embedding, nodes)` are the rows of `nodes`, after propagation and before."""
    embedding, bpr = _network(pairs).embedding.weight, BPRLoss(REGULARIZATION)

    def loss(batch: Batch) -> Tensor:
        nodes, place = torch.cat(batch).unique(return_inverse=True)
        after, before = propagated(embedding, nodes)
        users, taken, other = after[place].chunk(3)
        return bpr((users * taken).sum(dim=1), (users * other).sum(dim=1), before[place])

    return Way(embedding, loss)


def _network(pairs: Pairs, *, normalize: bool = True) -> LightGCN:
    """With the same embeddings each time."""
    torch.manual_seed(SEED)
    return LightGCN(pairs.nodes, FACTORS, LAYERS, normalize=normalize)


def _hop_by_hop(x: Tensor, adjacency: Tensor) -> Tensor:
    total = x
    for _ in range(LAYERS):
        x = propagate_symmetric(x, adjacency)
        total = total + x
    return total / (LAYERS + 1)
