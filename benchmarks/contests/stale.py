"""What an old graph says about the users and items of a new one."""

from __future__ import annotations

import copy

import torch
from torch_geometric.data import HeteroData

from models.ranking import INTERACTS, owned_pairs


def stale(old: HeteroData, new: HeteroData) -> HeteroData:
    """`old`, with the rows of `new`: who and what came later is there, and nothing is known of it.

    What users have in `new` is not new to them, though `old`'s edges are all there is to learn from.
    """
    graph = copy.copy(old)
    users, items = int(new["user"].num_nodes), int(new["item"].num_nodes)
    graph["user"].num_nodes, graph["item"].num_nodes = users, items
    born = items - len(old["item"].age)
    graph["item"].price = torch.cat([old["item"].price, torch.full((born,), torch.nan)])
    graph["item"].age = torch.cat([old["item"].age, torch.zeros(born, dtype=torch.float64)])
    edges, owned = old[INTERACTS].edge_index, owned_pairs(new)
    later = ~torch.isin(owned[0] * items + owned[1], edges[0] * items + edges[1])
    graph[INTERACTS].left_out = owned[:, later]
    return graph
