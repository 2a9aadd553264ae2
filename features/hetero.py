"""The interest graph as PyTorch Geometric's `HeteroData`: what models see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch_geometric.data import HeteroData

from features.activity import activity
from features.catalogue import category_parents, item_brands, item_categories, rows_of, user_groups
from features.graph import InterestGraph
from features.kinds import QUERY_ITEM, USER_ITEM, USER_QUERY, USER_USER, EdgeKind
from features.rules import DAY_US
from features.structure import noise_of, seen_edges
from features.titles import titles

RELATIONS: dict[EdgeKind, str] = {
    USER_ITEM: "interacts",
    USER_QUERY: "asks",
    QUERY_ITEM: "leads_to",
    USER_USER: "follows",
}


def to_hetero(graph: InterestGraph) -> HeteroData:
    """Tensors of `graph`, all weights and ages as of its instant.

    Node types `user`, `item`, `query`, `category`, `brand`, `group`, with all rows the graph ever gave; `active` bool
    tells which users, items and queries are in use. `item.price` float32 [items], `item.age` float64 [items] days.
    `(user, interacts, item)`, `(user, asks, query)`, `(query, leads_to, item)` and `(user, follows, user)` hold edges
    between active nodes, but for those that `features.structure` leaves out by the graph's rules: `edge_index` int64
    [2, E] sorted by both, `weight` float64 [E, half-lives], `count` int64 [E], `first_age` and `last_age` float64 [E]
    days before `as_of`. Users who are left out keep their rows, and their `active`.
    `left_out` int64 [2, ·] of `(user, interacts, item)` are the edges between active nodes that models do not learn
    from, but that the user does have: what they lead to is not new to the user.
    `(item, in, category)` and `(item, of, brand)`: `edge_index` int64 [2, ·], at most one each for an item;
    `(category, within, category)` is the tree, `(user, in, group)` the demographic groups. `title` and `word` are nodes
    too: `(item, called, title)`, at most one each for an item, and `(title, says, word)`. `as_of` (int µs) and
    `half_lives` (float days, of user–item edges) are attributes of the graph.
    """
    data = HeteroData()
    data.as_of = graph.as_of
    data.half_lives = [half_life / DAY_US for half_life in graph.half_lives]
    active = {node: activity(graph, node).active for node in ("user", "item", "query")}
    for node in ("user", "item", "query"):
        data[node].num_nodes = graph.count(node)
        data[node].active = torch.from_numpy(active[node])
    for node in ("category", "brand", "group"):
        data[node].num_nodes = graph.count(node)
    data["item"].price = torch.tensor(graph.items["price"].to_numpy(np.float32))
    data["item"].age = torch.from_numpy(_age(graph, graph.items["since"].to_numpy()))
    noise = noise_of(graph)
    for kind, relation in RELATIONS.items():
        seen = seen_edges(graph, kind, active, noise)
        _add_edges(data, graph, kind, relation, seen)
        if kind == USER_ITEM:
            data["user", relation, "item"].left_out = _left_out(graph, active, seen)
    data["item", "in", "category"].edge_index = _index(item_categories(graph))
    data["item", "of", "brand"].edge_index = _index(item_brands(graph))
    data["category", "within", "category"].edge_index = _index(category_parents(graph))
    data["user", "in", "group"].edge_index = _index(user_groups(graph))
    named = titles(graph)
    data["title"].num_nodes, data["word"].num_nodes = named.title_count, named.word_count
    data["item", "called", "title"].edge_index = _index(named.of)
    data["title", "says", "word"].edge_index = _index(named.words)
    return data


def next_pairs(events: pd.DataFrame, graph: InterestGraph, *, event_type: str = "purchase") -> torch.Tensor:
    """[2, n] int64 distinct, sorted (user row, item row) of `events` of that type; ids `graph` lacks are left out."""
    wanted = events[(events["event_type"] == event_type) & events["item_id"].notna()]
    users, items = (rows_of(graph, node, wanted[f"{node}_id"]) for node in ("user", "item"))
    known = (users >= 0) & (items >= 0)
    pairs = np.unique(np.stack([users[known], items[known]], axis=1).reshape(-1, 2), axis=0)
    return torch.tensor(pairs.T.astype(np.int64).copy())


def _add_edges(data: HeteroData, graph: InterestGraph, kind: EdgeKind, relation: str, seen: np.ndarray) -> None:
    table = graph.edge_table(kind.name)
    source, target = table["source_row"].to_numpy(), table["target_row"].to_numpy()
    kept = slice(None) if seen.all() else seen
    edges = data[kind.source, relation, kind.target]
    edges.edge_index = _index(np.stack([source[kept], target[kept]]))
    edges.weight = torch.from_numpy(graph.weights(kind.name)[kept])
    edges.count = torch.from_numpy(graph.total_counts(kind.name)[kept])
    edges.first_age = torch.from_numpy(_age(graph, table["first_at"].to_numpy()[kept]))
    edges.last_age = torch.from_numpy(_age(graph, table["last_at"].to_numpy()[kept]))


def _left_out(graph: InterestGraph, active: dict[str, np.ndarray], seen: np.ndarray) -> torch.Tensor:
    table = graph.edge_table(USER_ITEM.name)
    users, items = table["source_row"].to_numpy(), table["target_row"].to_numpy()
    unseen = ~seen & active["user"][users] & active["item"][items]
    return _index(np.stack([users[unseen], items[unseen]]))


def _age(graph: InterestGraph, moments: np.ndarray) -> np.ndarray:
    return (graph.as_of - moments) / DAY_US


def _index(pairs: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pairs.astype(np.int64))
