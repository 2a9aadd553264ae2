"""LightGCN as PyTorch Geometric has it: embeddings that are propagated over the graph, learned from sampled pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.nn import LightGCN
from torch_geometric.utils import to_undirected

from models.baselines.factored import Factored
from models.explanation import explanation
from models.factorisation import Factors
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
    negative for each edge, all layers weighing the same; the embeddings before propagation are kept beside."""

    kind = "lightgcn"
    Settings = LightGcnSettings

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """One channel: what an embedding is made of cannot be told apart."""
        check_pair(user, item, self._interests.shape)
        return explanation({"embedding": float(self._users[user] @ self._items[item])})

    def _learn(self, graph: HeteroData, start: Factors | None) -> tuple[Factors, FitReport]:
        settings, random = self.settings, torch.Generator().manual_seed(self.settings.seed)
        users, items = int(graph["user"].num_nodes), int(graph["item"].num_nodes)
        pairs = graph[INTERACTS].edge_index
        edges = to_undirected(torch.stack([pairs[0], pairs[1] + users]), num_nodes=users + items)
        network = LightGCN(users + items, settings.factors, settings.layers)
        with torch.no_grad():
            network.embedding.weight.copy_(_first(users, items, settings.factors, random, start))
        optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        epochs = settings.epochs if start is None else settings.update_epochs
        losses = [_epoch(network, optimiser, (pairs, edges), (users, items), settings, random) for _ in range(epochs)]
        with torch.no_grad():
            learned = network.get_embedding(edges).numpy().astype(np.float32)
        return (learned[:users], learned[users:]), FitReport({"lightgcn/loss": losses})


def _first(users: int, items: int, factors: int, random: torch.Generator, start: Factors | None) -> Tensor:
    """[users + items, factors]: small noise; rows of `start` where there are some."""
    first = torch.randn(users + items, factors, generator=random) * 0.1
    if start is not None:
        for part, offset in zip(start, (0, users), strict=True):
            first[offset : offset + len(part)] = torch.from_numpy(part)
    return first


def _epoch(
    network: LightGCN,
    optimiser: torch.optim.Optimizer,
    graph: tuple[Tensor, Tensor],
    shape: tuple[int, int],
    settings: LightGcnSettings,
    random: torch.Generator,
) -> float:
    (pairs, edges), (users, items), losses = graph, shape, []
    for batch in torch.randperm(pairs.shape[1], generator=random).split(settings.batch_size):
        user, taken = pairs[:, batch]
        other = torch.randint(items, (len(batch),), generator=random)
        asked = torch.stack([user.repeat(2), torch.cat([taken, other]) + users])
        liked, disliked = network(edges, asked).chunk(2)
        named = torch.cat([user, taken + users, other + users])
        loss = network.recommendation_loss(liked, disliked, node_id=named, lambda_reg=settings.regularization)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses)) if losses else 0.0
