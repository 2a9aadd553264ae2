"""The interest graph's own convolution: what a node is, and with it what its neighbours hold."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.nn.resolver import activation_resolver
from torch_geometric.typing import OptTensor
from torch_geometric.utils import is_sparse, spmm


class InterestConv(MessagePassing):
    """`h_v ← σ(Θ (x_v + Σ_u w_uv h_u))`, or with the mean over the neighbours u in place of the sum.

    A graph convolution with a self term: GraphSAGE (Hamilton et al. 2017, algorithm 1, lines 4 and 5), but that what
    the neighbours give is weighted, and added to the node rather than set beside it. The mean divides by the number of
    neighbours, whatever they weigh. A node without neighbours becomes `σ(Θ x_v)`. Θ comes before the sum, which as it
    is linear is the same.

    `aggr` is "add" or "mean", else ValueError; `act` is σ by its name in torch, or None for none. With `bias` a vector
    is added to what Θ gives, which the formula has not.

    Shapes:
        x: [nodes, in_channels] where h is x, else the pair (h [sources, in_channels], x [destinations, in_channels])
        edge_index: [2, edges], source and destination; or an adjacency [destinations, sources], CSR, of weights
        edge_weight: [edges], or None for all 1; beside an adjacency ValueError
        gives: [nodes or destinations, out_channels]
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, aggr: str = "add", act: str | None = "relu", bias: bool = False
    ) -> None:
        if aggr not in ("add", "mean"):
            raise ValueError(f'aggr is {aggr!r}, and has to be "add" or "mean"')
        super().__init__(aggr=aggr)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.theta = nn.Linear(in_channels, out_channels, bias=False)
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.act = nn.Identity() if act is None else activation_resolver(act)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Θ by Glorot's uniform rule, no bias."""
        super().reset_parameters()
        nn.init.xavier_uniform_(self.theta.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(
        self, x: Tensor | tuple[Tensor, Tensor], edge_index: Tensor, edge_weight: Tensor | None = None
    ) -> Tensor:
        _check(edge_index, edge_weight)
        held, own = (self.theta(x),) * 2 if isinstance(x, Tensor) else map(self.theta, x)
        gathered = self.propagate(edge_index, x=(held, own), edge_weight=edge_weight)
        total = own + gathered if self.bias is None else own + gathered + self.bias
        return self.act(total)

    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        """[edges, out_channels]: what each edge carries."""
        return x_j if edge_weight is None else edge_weight[:, None] * x_j

    def message_and_aggregate(self, edge_index: Tensor, x: tuple[Tensor, Tensor]) -> Tensor:
        """[destinations, out_channels]: the same over an adjacency, in one product."""
        return spmm(edge_index, x[0], reduce=self.aggr)


def _check(edge_index: Tensor, edge_weight: Tensor | None) -> None:
    if not is_sparse(edge_index):
        return
    if edge_index.layout != torch.sparse_csr:
        raise ValueError(f"the adjacency is {edge_index.layout}, and has to be torch.sparse_csr")
    if edge_weight is not None:
        raise ValueError(f"edge_weight {tuple(edge_weight.shape)} beside an adjacency, whose values are the weights")
