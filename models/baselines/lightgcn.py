"""LightGCN: embeddings that are propagated over the graph, learned from sampled pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.nn.models.lightgcn import BPRLoss

from models.baselines.factored import Factored
from models.device import current_device
from models.explanation import explanation
from models.factorisation import Factors
from models.layers.adjacency import normalised_adjacency
from models.layers.symmetric import layer_mean, layer_mean_of
from models.ranking import INTERACTS, check_pair
from models.recommender import FitReport


@dataclass(frozen=True, kw_only=True)
class LightGcnSettings:
    """`half_life` has no part in the learning, which takes every edge for equal; `update_epochs` are an update's."""

    half_life: float
    factors: int
    layers: int
    epochs: int
    batch_size: int
    learning_rate: float
    regularization: float
    seed: int
    update_epochs: int = 10


class LightGcn(Factored):
    """A score is the product of the propagated embeddings. Source: He et al., "LightGCN", 2020: BPR on one sampled
    negative for each edge, all layers weighing the same.

    The loss is PyTorch Geometric's; propagation is `layer_mean_of`, which gives the embeddings and gradients of its
    `LightGCN` (tested) for a twentieth of the cost, so that as many more settings can be tried. Computed on
    `current_device`.
    """

    kind = "lightgcn"
    Settings = LightGcnSettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """One channel: what an embedding is made of cannot be told apart."""
        check_pair(user, item, self._interests.shape)
        return explanation({"embedding": float(self._users[user] @ self._items[item])})

    def _learn(self, graph: HeteroData, start: Factors | None) -> tuple[Factors, FitReport]:
        settings, random = self.settings, torch.Generator().manual_seed(self.settings.seed)
        users, items = int(graph["user"].num_nodes), int(graph["item"].num_nodes)
        taken = graph[INTERACTS].edge_index
        shape = (users, items)
        pairs = csr_matrix((np.ones(taken.shape[1]), tuple(taken.numpy())), shape=shape)
        adjacency = normalised_adjacency(pairs).to(current_device())
        embedding = nn.Parameter(_first(users, items, settings.factors, random, start).to(current_device()))
        optimiser = torch.optim.Adam([embedding], lr=settings.learning_rate, fused=True)
        epochs = settings.epochs if start is None else settings.update_epochs
        losses = [_epoch(embedding, optimiser, (taken, adjacency), items, settings, random) for _ in range(epochs)]
        with torch.no_grad():
            learned = layer_mean(embedding, adjacency, settings.layers).cpu().numpy().astype(np.float32)
        return (learned[:users], learned[users:]), FitReport({"lightgcn/loss": losses})


def _first(users: int, items: int, factors: int, random: torch.Generator, start: Factors | None) -> Tensor:
    """[users + items, factors]: small noise; rows of `start` where there are some."""
    first = torch.randn(users + items, factors, generator=random) * 0.1
    if start is not None:
        for part, offset in zip(start, (0, users), strict=True):
            first[offset : offset + len(part)] = torch.from_numpy(part)
    return first


def _epoch(
    embedding: nn.Parameter,
    optimiser: torch.optim.Optimizer,
    graph: tuple[Tensor, Tensor],
    items: int,
    settings: LightGcnSettings,
    random: torch.Generator,
) -> float:
    """The mean loss of one pass over the pairs that were taken [2, n], each beside an item drawn from all."""
    (taken, adjacency), losses, bpr = graph, [], BPRLoss(settings.regularization)
    users = len(embedding) - items
    for batch in torch.randperm(taken.shape[1], generator=random).split(settings.batch_size):
        other = torch.randint(items, (len(batch),), generator=random)
        user, liked = taken[:, batch]
        named = torch.cat([user, liked + users, other + users]).to(embedding.device)
        nodes, place = named.unique(return_inverse=True)
        after, before = layer_mean_of(nodes, embedding, adjacency, settings.layers)
        ours, theirs, others = after[place].chunk(3)
        loss = bpr((ours * theirs).sum(dim=1), (ours * others).sum(dim=1), before[place])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses)) if losses else 0.0
