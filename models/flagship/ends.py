"""The embeddings at both ends of a row: as they stand, or with what is learned of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.flagship.rows import Rows
from models.flagship.settings import HOPS

SIDES = ("user", "item")


class Ends(nn.Module):
    """Users' and items' hops, and their inner products.

    With `theta` the last hop goes through Θ of `InterestConv`, which starts at the identity. Between `begin` and `end`
    hop 0 of each node that lessons name is shifted by a row that is learned; later hops are the shifted rows' only once
    they are carried over the graph anew.
    """

    def __init__(self, factors: int, *, theta: bool) -> None:
        super().__init__()
        self.theta = nn.Linear(factors, factors, bias=False) if theta else None
        self.shift: nn.ParameterDict | None = None
        if self.theta is not None:
            nn.init.eye_(self.theta.weight)

    def users(self, rows: Rows) -> Tensor:
        """[u, hops, factors]."""
        return self._learned(rows.user_vectors, "user", rows.nodes.get("user"))

    def products(self, rows: Rows, users: Tensor) -> Tensor:
        """[n, hops, hops] of each row's `users` [u, hops, factors] and item."""
        if self.theta is None and (self.shift is None or not rows.nodes):
            return rows.product if self.shift is None else rows.product + _nothing(self.shift["item"])
        used, place = torch.unique(rows.group["item"], return_inverse=True)
        nodes = rows.nodes["item"][used] if rows.nodes else None
        items = self._learned(rows.group_vectors["item"][used].float(), "item", nodes)
        return torch.bmm(users.index_select(0, rows.user), items.index_select(0, place).transpose(1, 2))

    def begin(self, lessons: Sequence[Rows]) -> None:
        """Learn shifts, from zeros, of the nodes of those `lessons` that say which ones they are of."""
        told = [lesson.nodes for lesson in lessons if lesson.nodes]
        if told:
            factors = lessons[0].user_vectors.shape[2]
            self.shift = nn.ParameterDict(
                {side: torch.zeros(max(_count(nodes[side]) for nodes in told), factors) for side in SIDES}
            )

    def end(self) -> dict[str, Tensor]:
        """What was learned since `begin`, [nodes, factors] by side; it no longer counts here."""
        learned = {} if self.shift is None else {side: rows.detach().cpu() for side, rows in self.shift.items()}
        self.shift = None
        return learned

    def _learned(self, hops: Tensor, side: str, nodes: Tensor | None) -> Tensor:
        first, last = hops[:, :1], hops[:, HOPS - 1 :]
        if self.shift is not None:
            shift = self.shift[side]
            first = first + (_nothing(shift) if nodes is None else shift.index_select(0, nodes)[:, None])
        if self.theta is not None:
            last = self.theta(last)
        return torch.cat([first, last], dim=1)


def _nothing(shift: Tensor) -> Tensor:
    """0, through which `shift` stays a part of the graph that processes average the gradients of."""
    return shift[:0].sum()


def _count(nodes: Tensor) -> int:
    """How many rows hold all of `nodes`."""
    return int(nodes.max()) + 1 if len(nodes) else 0
