"""The interest graph as PyTorch Geometric's `HeteroData`: what models see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch_geometric.data import HeteroData

from features.graph import DAY_US, InterestGraph


def to_hetero(graph: InterestGraph) -> HeteroData:
    """Tensors of `graph`, all weights and ages as of its instant.

    Node types `user`, `item`, `category`, `brand`; `item.price` float32 [items], `item.age` float64 [items] days.
    `(user, interacts, item)`: `edge_index` int64 [2, E] sorted by (user, item), `weight` float64 [E, half-lives],
    `count` int64 [E], `first_age` and `last_age` float64 [E] days before `as_of`.
    `(item, in, category)` and `(item, of, brand)`: `edge_index` int64 [2, ·], at most one each for an item; their rows
    follow the order in which the items' rows first name them. `as_of` (int µs) and `half_lives` (float days) are
    attributes of the graph.
    """
    data = HeteroData()
    data.as_of = graph.as_of
    data.half_lives = [half_life / DAY_US for half_life in graph.half_lives]
    data["user"].num_nodes = len(graph.users)
    data["item"].num_nodes = len(graph.items)
    data["item"].price = torch.tensor(graph.items["price"].to_numpy(np.float32))
    data["item"].age = _age(graph, graph.items["since"])
    interacts = data["user", "interacts", "item"]
    interacts.edge_index = torch.tensor(graph.edges[["user_row", "item_row"]].to_numpy(np.int64).T.copy())
    interacts.weight = torch.tensor(graph.weights())
    interacts.count = torch.tensor(graph.edges["count"].to_numpy(np.int64))
    interacts.first_age = _age(graph, graph.edges["first_at"])
    interacts.last_age = _age(graph, graph.edges["last_at"])
    _group(data, graph.items["category"], ("item", "in", "category"))
    _group(data, graph.items["brand"], ("item", "of", "brand"))
    return data


def next_pairs(events: pd.DataFrame, graph: InterestGraph, *, event_type: str = "purchase") -> torch.Tensor:
    """[2, n] int64 distinct, sorted (user row, item row) of `events` of that type; ids `graph` lacks are left out."""
    wanted = events[(events["event_type"] == event_type) & events["item_id"].notna()]
    users = pd.Index(graph.users["user_id"]).get_indexer(pd.Index(wanted["user_id"]))
    items = pd.Index(graph.items["item_id"]).get_indexer(pd.Index(wanted["item_id"]))
    known = (users >= 0) & (items >= 0)
    pairs = np.unique(np.stack([users[known], items[known]], axis=1).reshape(-1, 2), axis=0)
    return torch.tensor(pairs.T.astype(np.int64).copy())


def _age(graph: InterestGraph, moments: pd.Series) -> torch.Tensor:
    return torch.tensor((graph.as_of - moments.to_numpy(np.int64)) / DAY_US)


def _group(data: HeteroData, groups: pd.Series, relation: tuple[str, str, str]) -> None:
    codes, names = pd.factorize(groups)
    members = np.flatnonzero(codes >= 0)
    data[relation[2]].num_nodes = len(names)
    data[relation].edge_index = torch.tensor(np.stack([members, codes[members]]).astype(np.int64))
