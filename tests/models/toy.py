"""A toy shop whose right answer the eye sees: two blocks of users who buy within their own block of items.

Three users and four items a block, and in each block every user lacks one item that the other two have:

    items      0 1 2 3 | 4 5 6 7
    user 0     x x x . |              lacks 3
    user 1     x x . x |              lacks 2
    user 2     x . x x |              lacks 1
    user 3             | x x x .      lacks 7
    user 4             | x x . x      lacks 6
    user 5             | x . x x      lacks 5
    item 8: in the catalogue, never bought
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.recommender import Slice

HALF_LIVES = [7.0, 21.0, 56.0]
AS_OF = 1_500_000_000_000_000
DAY_US = 86_400_000_000
LACKS = {0: 3, 1: 2, 2: 1, 3: 7, 4: 6, 5: 5}
N_USERS, N_ITEMS = 6, 9
Purchases = Mapping[tuple[int, int], list[float]]
"""(user row, item row) to the ages in days of its purchases."""


def block(item: int) -> int:
    """The block of an item; the one never bought has a block of its own."""
    return item // 4


def purchases() -> dict[tuple[int, int], list[float]]:
    """Every user bought each item of the block, but the one lacking, twice; the first item of a block once more."""
    bought = {}
    for user, lacking in LACKS.items():
        for item in range(4 * (user // 3), 4 * (user // 3) + 4):
            if item != lacking:
                bought[user, item] = [3.0, 10.0] + ([1.0] if item % 4 == 0 else [])
    return bought


def shop(
    bought: Purchases | None = None, *, users: int = N_USERS, items: int = N_ITEMS, as_of: int = AS_OF
) -> HeteroData:
    """The interest graph of `bought` (default: the picture above), as `features.hetero.to_hetero` makes it."""
    chosen = dict(sorted((purchases() if bought is None else bought).items()))
    ages = [torch.tensor(days, dtype=torch.float64) for days in chosen.values()]
    half_lives = torch.tensor(HALF_LIVES, dtype=torch.float64)
    data = HeteroData()
    data.as_of, data.half_lives = as_of, list(HALF_LIVES)
    data["user"].num_nodes, data["item"].num_nodes = users, items
    data["item"].price = torch.full((items,), float("nan"))
    data["item"].age = torch.full((items,), 100.0, dtype=torch.float64)
    edges = data["user", "interacts", "item"]
    edges.edge_index = torch.tensor(list(chosen), dtype=torch.int64).reshape(-1, 2).T.contiguous()
    weights = [torch.exp2(-days[:, None] / half_lives).sum(dim=0) for days in ages]
    edges.weight = torch.stack(weights) if weights else torch.empty(0, len(HALF_LIVES), dtype=torch.float64)
    edges.count = torch.tensor([len(days) for days in ages], dtype=torch.int64)
    edges.first_age = torch.tensor([float(days.max()) for days in ages], dtype=torch.float64)
    edges.last_age = torch.tensor([float(days.min()) for days in ages], dtype=torch.float64)
    groups = torch.tensor([block(item) for item in range(items)])
    for name, relation in (("category", "in"), ("brand", "of")):
        data[name].num_nodes = int(groups.max()) + 1
        data["item", relation, name].edge_index = torch.stack([torch.arange(items), groups])
    nothing = torch.empty(2, 0, dtype=torch.int64)
    for name in ("title", "word", "group"):
        data[name].num_nodes = 0
    for relation in (("item", "called", "title"), ("title", "says", "word"), ("user", "in", "group")):
        data[relation].edge_index = nothing
    return data


def earlier(bought: Purchases, days: float) -> dict[tuple[int, int], list[float]]:
    """What of `bought` had been bought `days` before, with ages as of then."""
    aged = {pair: [age - days for age in ages if age > days] for pair, ages in bought.items()}
    return {pair: ages for pair, ages in aged.items() if ages}


def lessons() -> list[Slice]:
    """Two slices of a week each before the shop's instant: the graph at their start, and what was bought next."""
    found = []
    for days in (9.0, 2.0):
        then = earlier(purchases(), days)
        bought = [pair for pair, ages in purchases().items() if any(days - 7 < age <= days for age in ages)]
        graph = shop(then, as_of=AS_OF - int(days * DAY_US))
        found.append(Slice(graph, pairs(bought)))
    return found


def pairs(rows: list[tuple[int, int]]) -> Tensor:
    """[2, n] int64."""
    return torch.tensor(sorted(rows), dtype=torch.int64).reshape(-1, 2).T.contiguous()
