"""A contest: graphs in order of time and what users did after each, some to tune on and the last to be judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor
from torch_geometric.data import HeteroData

from features.graph import InterestGraph
from features.hetero import to_hetero


@dataclass(frozen=True)
class Contest:
    """`graphs[t]` is as of the end of span t, `taken[t]` [2, n] (user row, item row) what users took in span t + 1.

    `tuning` and `testing` are the t at which models are judged, on `slices` ("all", "new"): tuning before testing.
    """

    name: str
    graphs: Sequence[InterestGraph]
    taken: Sequence[Tensor]
    tuning: range
    testing: range
    slices: Sequence[str]

    @cached_property
    def heteros(self) -> list[HeteroData]:
        return [to_hetero(graph) for graph in self.graphs]
