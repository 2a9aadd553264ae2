"""The users' and items' embeddings: iALS factors that go on from the last graph's."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.factorisation import Factors, factorise
from models.flagship.ends import SIDES
from models.flagship.settings import RankerSettings
from models.ranking import interest_matrix


class Embeddings:
    """Factors, settled on the graph as of `learned_at` (µs); -1 while they have only seen graphs of lessons.

    `shift` [nodes, factors] by side is what lessons taught about them beyond iALS; empty where nothing.
    """

    def __init__(
        self,
        settings: RankerSettings,
        factors: Factors | None = None,
        learned_at: int = -1,
        shift: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.settings = settings
        self.learned_at = learned_at
        self.shift = dict(shift or {})
        self._factors = factors

    @property
    def factors(self) -> Factors:
        if self._factors is None:
            raise ValueError("this interest ranker has no embeddings yet: fit it first")
        return self._factors

    def go_on(self, graph: HeteroData) -> None:
        """Learn `graph`: in full from nothing, else some warm iterations from the factors there are."""
        settings = self.settings
        self._factors = factorise(
            interest_matrix(graph, settings.als_half_life),
            factors=settings.factors,
            regularization=settings.regularization,
            alpha=settings.alpha,
            iterations=settings.als_iterations if self._factors is None else settings.warm_iterations,
            seed=settings.seed,
            start=self._factors,
        )

    def settle(self, graph: HeteroData) -> None:
        """Learn `graph`, unless it was the last that was settled on."""
        if int(graph.as_of) != self.learned_at:
            self.go_on(graph)
            self.learned_at = int(graph.as_of)

    def rows(self, graph: HeteroData) -> Tensor:
        """[users + items, factors] of `graph`'s nodes, zeros for those born since; ValueError where it has fewer."""
        nodes = [int(graph["user"].num_nodes), int(graph["item"].num_nodes)]
        known = [len(part) for part in self.factors]
        if nodes[0] < known[0] or nodes[1] < known[1]:
            raise ValueError(f"the graph has {nodes} users and items, fewer than the {known} learned from")
        parts = zip(self.factors, nodes, strict=True)
        return torch.cat([_padded(torch.from_numpy(part), wanted) for part, wanted in parts])

    def learn(self, shift: Mapping[str, Tensor]) -> None:
        """Move the embeddings by `shift` [nodes, factors] of each side, besides what they were moved by before."""
        for side, rows in shift.items():
            before = self.shift.get(side, rows[:0])
            most = max(len(rows), len(before))
            self.shift[side] = _padded(before, most) + _padded(rows, most)

    def shifts(self, graph: HeteroData) -> Tensor | None:
        """[users + items, factors] of `graph`'s nodes; None where lessons taught nothing about them."""
        if not self.shift:
            return None
        return torch.cat([_padded(self.shift[side], int(graph[side].num_nodes)) for side in SIDES])


def _padded(rows: Tensor, count: int) -> Tensor:
    """`rows` and as many of zeros as make it `count`."""
    return torch.nn.functional.pad(rows, (0, 0, 0, count - len(rows)))
