"""Slices of metrics: parts of what users took next, told from these pairs and the graph alone.

They are the same for all models. A slice of users holds all that they took; one of items, all that was taken of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.ranking import INTERACTS

NEW_FOR = 28.0
"""A user is cold until so many days after their first event with an item."""
MOST_CATEGORIES = 8
"""Of the outermost categories those with most pairs."""
THIRDS = {"activity": ("quiet", "middling", "busy"), "price": ("low", "middle", "high")}
Parts = Iterator[tuple[str, Tensor]]


@dataclass(frozen=True)
class Labels:
    """What the rows of a graph's categories and demographic groups are called: a category by its path, such as
    `grocery/coffee`, a group as `age_band=25-34`."""

    categories: Sequence[str] = ()
    groups: Sequence[str] = ()


def slices_of(pairs: Tensor, graph: HeteroData, families: Sequence[str], labels: Labels) -> dict[str, Tensor]:
    """[n] bool over `pairs` [2, n] (user row, item row) by slice, such as `activity/busy` or `age_band/25-34`.

    Of each family those slices that hold any pair: `activity` (thirds of these users by their events), `tenure`
    (`cold`, `warm`), `category` (outermost), `price` (thirds of the priced items somebody has), and any demographic
    attribute.
    """
    tell: dict[str, Callable[[Tensor, HeteroData, Labels], Parts]] = {
        "activity": _activity, "tenure": _tenure, "category": _category, "price": _price,
    }  # fmt: skip
    found = {}
    for family in families:
        parts = tell[family](pairs, graph, labels) if family in tell else _groups(family, pairs, graph, labels)
        found.update({f"{family}/{name}": mask for name, mask in parts if mask.any()})
    return found


def within(pairs: Tensor, some: Tensor) -> Tensor:
    """[n] bool: which of `pairs` [2, n] are among `some` [2, m]."""
    width = 1 + max((int(each[1].max()) for each in (pairs, some) if each.numel()), default=0)
    return torch.isin(pairs[0] * width + pairs[1], some[0] * width + some[1])


def _activity(pairs: Tensor, graph: HeteroData, labels: Labels) -> Parts:
    edges, users = graph[INTERACTS], pairs[0].unique()
    events = torch.bincount(edges.edge_index[0], weights=edges.count.double(), minlength=int(graph["user"].num_nodes))
    by_events = users[torch.argsort(events[users], stable=True)]
    for name, part in zip(THIRDS["activity"], torch.tensor_split(by_events, 3), strict=True):
        yield name, torch.isin(pairs[0], part)


def _tenure(pairs: Tensor, graph: HeteroData, labels: Labels) -> Parts:
    edges = graph[INTERACTS]
    oldest = torch.zeros(int(graph["user"].num_nodes), dtype=torch.float64)
    oldest.scatter_reduce_(0, edges.edge_index[0], edges.first_age.double(), "amax")
    warm = oldest[pairs[0]] >= NEW_FOR
    yield "cold", ~warm
    yield "warm", warm


def _category(pairs: Tensor, graph: HeteroData, labels: Labels) -> Parts:
    outermost = _outermost(graph)
    of_item = torch.full((_past(pairs, graph),), -1)
    of_item[graph["item", "in", "category"].edge_index[0]] = outermost[graph["item", "in", "category"].edge_index[1]]
    of_pair = of_item[pairs[1]]
    known, counts = of_pair[of_pair >= 0].unique(return_counts=True)
    most = known[torch.argsort(counts, descending=True, stable=True)[:MOST_CATEGORIES]]
    for category in most.sort().values.tolist():
        yield labels.categories[category], of_pair == category


def _price(pairs: Tensor, graph: HeteroData, labels: Labels) -> Parts:
    price = torch.full((_past(pairs, graph),), float("nan"), dtype=torch.float64)
    price[: graph["item"].num_nodes] = graph["item"].price.double()
    had = price[graph[INTERACTS].edge_index[1].unique()]
    had = had[~had.isnan()]
    if not len(had):
        return
    low, high = np.quantile(had.numpy(), [1 / 3, 2 / 3]).tolist()
    of_pair = price[pairs[1]]
    bands = (of_pair <= low, (of_pair > low) & (of_pair <= high), of_pair > high)
    yield from zip(THIRDS["price"], bands, strict=True)


def _groups(family: str, pairs: Tensor, graph: HeteroData, labels: Labels) -> Parts:
    users, groups = graph["user", "in", "group"].edge_index
    for row, name in enumerate(labels.groups):
        attribute, _, value = name.partition("=")
        if attribute == family:
            yield value, torch.isin(pairs[0], users[groups == row])


def _outermost(graph: HeteroData) -> Tensor:
    """[categories] the row of the outermost category that each lies in."""
    up = torch.arange(int(graph["category"].num_nodes))
    within = graph["category", "within", "category"].edge_index
    up[within[0]] = within[1]
    while not torch.equal(up[up], up):
        up = up[up]
    return up


def _past(pairs: Tensor, graph: HeteroData) -> int:
    """Past all item rows: some pairs' items are born after the graph."""
    return 1 + max(int(graph["item"].num_nodes), int(pairs[1].max()) if pairs.numel() else 0)
