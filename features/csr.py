"""One kind of edge as compressed sparse rows: what propagation multiplies with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from features.graph import InterestGraph
from features.kinds import BY_NAME
from features.rules import DAY_US, weight_columns


@dataclass(frozen=True)
class Adjacency:
    """`crow` int32 [sources + 1], `col` int32 [edges], `value` float64 [edges], of `shape` (sources, targets).

    `value · decay` is the weight as of the graph's instant, before what was returned is cut off at 0. `col` and `value`
    are the graph's own memory, or its file's: they are to be read only.
    """

    crow: Tensor
    col: Tensor
    value: Tensor
    decay: float
    shape: tuple[int, int]

    def to_sparse(self) -> Tensor:
        """[sources, targets] torch CSR of `value`; as decay is one factor, normalised propagation needs no other."""
        return torch.sparse_csr_tensor(self.crow, self.col, self.value, size=self.shape, check_invariants=False)


def adjacency(graph: InterestGraph, name: str, half_life: int) -> Adjacency:
    """The edges of kind `name` with the weight of `half_life` (µs); only `crow` is computed, the rest is seen in place.

    Raises ValueError for a half-life that the kind does not have.
    """
    half_lives = graph.rules.half_lives[name]
    if half_life not in half_lives:
        held = ", ".join(f"{each / DAY_US:g}" for each in half_lives)
        raise ValueError(f"half-life {half_life / DAY_US:g} days is not one of {name} edges, which have {held}")
    kind, table = BY_NAME[name], graph.edge_table(name)
    column = half_lives.index(half_life)
    sources = graph.count(kind.source)
    crow = np.searchsorted(table["source_row"].to_numpy(), np.arange(sources + 1)).astype(np.int32)
    return Adjacency(
        crow=torch.from_numpy(crow),
        col=_shared(table["target_row"]),
        value=_shared(table[weight_columns(half_lives)[column]]),
        decay=float(graph.decay(name)[column]),
        shape=(sources, graph.count(kind.target)),
    )


def _shared(column: object) -> Tensor:
    """The column's memory as a tensor."""
    chunks = column.chunks  # type: ignore[attr-defined]
    if len(chunks) != 1:
        return torch.from_numpy(column.to_numpy().copy())  # type: ignore[attr-defined]
    return torch.from_dlpack(chunks[0])
