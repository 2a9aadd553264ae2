"""Networks of two graph convolutions that tell the subject of each of Cora's papers, and how they learn it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv
from torch_geometric.nn.conv.gcn_conv import gcn_norm

from models.layers.interest_conv import InterestConv

HIDDEN, DROPOUT, EPOCHS = 16, 0.5, 200
LEARNING_RATE, WEIGHT_DECAY = 0.01, 5e-4


class TwoLayers(nn.Module):
    """Two convolutions over the same edges, dropout before each, ReLU between."""

    def __init__(self, first: nn.Module, second: nn.Module, edges: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.first, self.second, self.edges = first, second, edges

    def forward(self, x: Tensor) -> Tensor:
        """[papers, subjects] scores."""
        hidden = self.first(dropout(x, DROPOUT, self.training), *self.edges).relu()
        return self.second(dropout(hidden, DROPOUT, self.training), *self.edges)


def gcn(papers: Data, subjects: int) -> TwoLayers:
    """GCN (Kipf & Welling 2017, eq. 9), its convolution as PyTorch Geometric has it."""
    words = papers.num_features
    return TwoLayers(GCNConv(words, HIDDEN, cached=True), GCNConv(HIDDEN, subjects, cached=True), (papers.edge_index,))


def interest_sum(papers: Data, subjects: int) -> TwoLayers:
    """Neighbours are summed, each over the roots of what both papers cite."""
    weighted = gcn_norm(papers.edge_index, None, papers.num_nodes, add_self_loops=False)
    return _interest(papers, subjects, "add", weighted)


def interest_mean(papers: Data, subjects: int) -> TwoLayers:
    """The mean over neighbours, all the same."""
    return _interest(papers, subjects, "mean", (papers.edge_index,))


def _interest(papers: Data, subjects: int, aggr: str, edges: tuple[Tensor, ...]) -> TwoLayers:
    options: dict[str, Any] = {"aggr": aggr, "bias": True}
    words = papers.num_features
    return TwoLayers(InterestConv(words, HIDDEN, **options), InterestConv(HIDDEN, subjects, act=None, **options), edges)


NETWORKS: dict[str, Callable[[Data, int], TwoLayers]] = {
    "GCN": gcn,
    "InterestConv, sum over the normalised adjacency": interest_sum,
    "InterestConv, mean": interest_mean,
}


@dataclass(frozen=True)
class Curves:
    """Accuracy after each epoch, [epochs], on the papers for validation and on those for the test."""

    validation: np.ndarray
    test: np.ndarray

    @property
    def told(self) -> float:
        """The test accuracy of the epoch that was best in validation, of several the earliest."""
        return float(self.test[self.validation.argmax()])


def learn(make: Callable[[Data, int], TwoLayers], papers: Data, seed: int, epochs: int = EPOCHS) -> Curves:
    """Adam on the papers of `train_mask`; all that is random follows from `seed`."""
    torch.manual_seed(seed)
    network = make(papers, int(papers.y.max()) + 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    accuracies = []
    for _ in range(epochs):
        network.train()
        optimiser.zero_grad()
        cross_entropy(network(papers.x)[papers.train_mask], papers.y[papers.train_mask]).backward()
        optimiser.step()
        accuracies.append(_accuracies(network, papers))
    validation, test = np.array(accuracies).T
    return Curves(validation, test)


@torch.no_grad()
def _accuracies(network: TwoLayers, papers: Data) -> tuple[float, float]:
    network.eval()
    right = network(papers.x).argmax(dim=1) == papers.y
    return float(right[papers.val_mask].double().mean()), float(right[papers.test_mask].double().mean())
