"""Graphs that differ in one thing from a given one, for checks of what that does to a model."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.ranking import INTERACTS

FAN_ITEMS = 10
"""How many items the fan of one category has bought, one a day."""


def renamed(graph: HeteroData, order: Tensor) -> HeteroData:
    """`graph` with the user of row r at row `order[r]`; `order` [users] is its own inverse."""
    found = graph.clone()
    found["user"].active = graph["user"].active[order] if "active" in graph["user"] else None
    for kind in graph.edge_types:
        ends = graph[kind].edge_index.clone()
        ends[0] = order[ends[0]] if kind[0] == "user" else ends[0]
        ends[1] = order[ends[1]] if kind[2] == "user" else ends[1]
        _set_edges(found, graph, kind, ends)
    if "left_out" in graph[INTERACTS]:
        users, items = graph[INTERACTS].left_out
        found[INTERACTS].left_out = torch.stack([order[users], items])
    return found


def favourites(graph: HeteroData, users: Tensor) -> Tensor:
    """[2, n] the pair of each of `users` (rising rows) with the most weight at the longest half-life."""
    owners, items = graph[INTERACTS].edge_index
    weight = graph[INTERACTS].weight[:, -1]
    by_weight = torch.argsort(weight, descending=True, stable=True)
    by_user = by_weight[torch.argsort(owners[by_weight], stable=True)]
    first = torch.searchsorted(owners[by_user], users)
    return torch.stack([users, items[by_user[first]]])


def with_more(graph: HeteroData, pairs: Tensor) -> HeteroData:
    """One more purchase for each of `pairs`, which are edges: at the time of the last one, so that nothing is newer."""
    found, edges = graph.clone(), graph[INTERACTS]
    width = int(graph["item"].num_nodes)
    keys = edges.edge_index[0] * width + edges.edge_index[1]
    places = torch.searchsorted(keys, pairs[0] * width + pairs[1])
    weight, count = edges.weight.clone(), edges.count.clone()
    half_lives = torch.tensor(graph.half_lives, dtype=torch.float64)
    weight[places] += torch.exp2(-edges.last_age[places, None].double() / half_lives).to(weight.dtype)
    count[places] += 1
    found[INTERACTS].weight, found[INTERACTS].count = weight, count
    return found


def with_fan(graph: HeteroData) -> tuple[HeteroData, int, Tensor]:
    """A new user who bought items of one category, one a day; gives the graph, their row, and the category's items.

    The category is that with most buyers among those with twice as many items as they bought, else the largest.
    """
    liked = _fans_category(graph)
    row = int(graph["user"].num_nodes)
    popular = _buyers(graph)[liked]
    bought = liked[torch.argsort(popular, descending=True, stable=True)[:FAN_ITEMS]].sort().values
    found, edges = graph.clone(), graph[INTERACTS]
    age = torch.arange(1, len(bought) + 1, dtype=torch.float64)
    half_lives = torch.tensor(graph.half_lives, dtype=torch.float64)
    found["user"].num_nodes = row + 1
    if "active" in graph["user"]:
        found["user"].active = torch.cat([graph["user"].active, torch.ones(1, dtype=torch.bool)])
    own = torch.stack([torch.full_like(bought, row), bought])
    new = found[INTERACTS]
    new.edge_index = torch.cat([edges.edge_index, own], dim=1)
    new.weight = torch.cat([edges.weight, torch.exp2(-age[:, None] / half_lives).to(edges.weight.dtype)])
    new.count = torch.cat([edges.count, torch.ones(len(bought), dtype=edges.count.dtype)])
    new.first_age = torch.cat([edges.first_age, age.to(edges.first_age.dtype)])
    new.last_age = torch.cat([edges.last_age, age.to(edges.last_age.dtype)])
    return found, row, liked


def _fans_category(graph: HeteroData) -> Tensor:
    items, categories = graph["item", "in", "category"].edge_index
    sizes = torch.bincount(categories, minlength=int(graph["category"].num_nodes))
    demand = torch.bincount(categories, weights=_buyers(graph)[items], minlength=len(sizes))
    large = sizes >= 2 * FAN_ITEMS
    chosen = torch.where(large, demand, -1.0).argmax() if large.any() else sizes.argmax()
    return items[categories == chosen].sort().values


def _buyers(graph: HeteroData) -> Tensor:
    return torch.bincount(graph[INTERACTS].edge_index[1], minlength=int(graph["item"].num_nodes)).double()


def _set_edges(found: HeteroData, graph: HeteroData, kind: tuple[str, str, str], ends: Tensor) -> None:
    """Edges in order of their ends, with what each carries."""
    width = int(graph[kind[2]].num_nodes)
    order = torch.argsort(ends[0] * max(width, 1) + ends[1], stable=True)
    for name, values in graph[kind].items():
        if name == "edge_index":
            found[kind].edge_index = ends[:, order]
        elif name != "left_out":
            found[kind][name] = values[order]
