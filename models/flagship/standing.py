"""All that the flagship knows as of a graph, computed once a refresh and read for every user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csc_matrix, csr_matrix
from torch import Tensor
from torch_geometric.data import HeteroData

from models.flagship.propagation import fill_cold, group_means, propagate, scale_rows
from models.flagship.settings import RELATIONS, RankerSettings
from models.flagship.walks import Walks
from models.layers.adjacency import normalised_adjacency
from models.ranking import INTERACTS, interest_matrix, owned_pairs

NEWBORN_DEMAND = 0.5
"""A new item counts as if half of one had been bought on its first day, so that it can be found before it sells."""
GAP_PRIOR = 2.0
"""How many gaps of the item (or its category) are blended into a user's or item's own mean gap."""


@dataclass(frozen=True)
class Group:
    """One relation's groups: `of` [items] row or -1; `share` [items, half-lives] of the group's demand.

    `keys` are the sorted `user · groups + group` that have an affinity, `affinity` [keys, half-lives] the
    users' weights in the group; `vectors` [groups, hops, factors] the members' means by demand, of unit length.
    """

    count: int
    of: np.ndarray
    share: np.ndarray
    keys: np.ndarray
    affinity: np.ndarray
    vectors: Tensor


@dataclass(frozen=True)
class Standing:
    """Edges are sorted by (user, item): `keys` = user · items + item, `start` [users + 1] the places of each user's.

    `weight` [edges, half-lives], `count`, `first_age`, `last_age` [edges] are the graph's; `place` [edges] is the rank
    of the edge among the user's by its weight at the longest half-life. `demand` [items, half-lives] sums weights
    over users, `total` [users, half-lives] over items; `recency` [items] is the log of the share of demand that is
    recent: the shortest half-life's plus 1/4 over the longest's plus 1. `gap` [items] is the usual number of days
    between purchases, `repeat_share` [items] the share of purchases that are repeats, `buyers` [items] how many users
    have an edge. `owned` are the sorted keys of all edges, of those too that models do not learn from. `novelty`
    [users] is the share of a user's purchases that were firsts. `hops` [users + items, hops, factors]. `walks` are
    there where the formula has a power for them. `with_ends`: rows bring their items' embeddings along.
    """

    as_of: int
    users: int
    items: int
    keys: np.ndarray
    owned: np.ndarray
    start: np.ndarray
    item_of: np.ndarray
    weight: np.ndarray
    count: np.ndarray
    first_age: np.ndarray
    last_age: np.ndarray
    place: np.ndarray
    demand: np.ndarray
    recency: np.ndarray
    total: np.ndarray
    gap: np.ndarray
    repeat_share: np.ndarray
    buyers: np.ndarray
    novelty: np.ndarray
    item_age: np.ndarray
    price: np.ndarray
    groups: dict[str, Group]
    hops: Tensor
    walks: Walks | None
    with_ends: bool


def stand(graph: HeteroData, factors: Tensor, settings: RankerSettings, shift: Tensor | None = None) -> Standing:
    """Everything as of `graph`, with `factors` [users + items, factors] for its nodes (zeros where not learned yet).

    `shift`, of the same shape, is added once they are scaled.
    """
    edges = graph[INTERACTS]
    users, items = int(graph["user"].num_nodes), int(graph["item"].num_nodes)
    user_of, item_of = edges.edge_index.numpy()
    weight, count = edges.weight.numpy(), edges["count"].numpy()
    first_age, last_age = edges.first_age.numpy(), edges.last_age.numpy()
    demand, total = _sums(item_of, weight, items), _sums(user_of, weight, users)
    bought = np.bincount(item_of, count, minlength=items)
    buyers = np.bincount(item_of, minlength=items)
    members = {name: _members(graph, relation, items) for name, relation in RELATIONS.items()}
    interests = interest_matrix(graph, settings.hop_half_life)
    adjacency = normalised_adjacency(interests)
    scaled = scale_rows(fill_cold(factors, adjacency, users, members), settings.row_scale)
    hops = propagate(scaled if shift is None else scaled + shift, adjacency, settings.graph_layer)
    age = graph["item"].age.numpy()
    hoped = demand + NEWBORN_DEMAND * np.exp2(-age[:, None] / np.asarray(graph.half_lives))
    start = np.searchsorted(user_of, np.arange(users + 1))
    return Standing(
        as_of=int(graph.as_of),
        users=users,
        items=items,
        keys=user_of * items + item_of,
        owned=np.sort(np.array([items, 1]) @ owned_pairs(graph).numpy()),
        start=start,
        item_of=item_of,
        weight=weight,
        count=count,
        first_age=first_age,
        last_age=last_age,
        place=_places(user_of, weight[:, -1], start),
        demand=demand,
        recency=np.log((demand[:, 0] + 0.25) / (demand[:, -1] + 1)),
        total=total,
        gap=_gaps(item_of, first_age - last_age, count, members["category"]),
        repeat_share=np.divide(bought - buyers, bought, out=np.zeros(items), where=bought > 0),
        buyers=buyers,
        novelty=np.diff(start) / np.maximum(1, np.bincount(user_of, count, minlength=users)),
        item_age=age,
        price=graph["item"].price.numpy(),
        groups={
            name: _group(member, (user_of, item_of, weight), (demand, hoped), hops[users:])
            for name, member in members.items()
        },
        hops=hops,
        walks=Walks(interests) if settings.walk_power else None,
        with_ends=settings.learns_ends,
    )


def _sums(rows: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """[count, half-lives] the sum of the `weight` [n, half-lives] of each of `rows` [n]."""
    edges = np.arange(len(rows) + 1)
    sums: np.ndarray = csc_matrix((np.ones(len(rows)), rows, edges), shape=(count, len(rows))) @ weight
    return sums


def _members(graph: HeteroData, relation: tuple[str, str, str], items: int) -> csr_matrix:
    """[groups, items] of ones."""
    item, group = graph[relation].edge_index.numpy()
    return csr_matrix((np.ones(len(item)), (group, item)), shape=(int(graph[relation[2]].num_nodes), items))


def _places(user_of: np.ndarray, weight: np.ndarray, start: np.ndarray) -> np.ndarray:
    order = np.lexsort((-weight, user_of))
    places = np.empty(len(order))
    places[order] = np.arange(len(order)) - start[user_of[order]]
    return places


def _gaps(item_of: np.ndarray, span: np.ndarray, count: np.ndarray, category: csr_matrix) -> np.ndarray:
    """[items] mean days between one user's purchases, blended with the category's mean, and that with everyone's."""
    items = category.shape[1]
    days = np.bincount(item_of, span, minlength=items)
    gaps = np.bincount(item_of, count - 1, minlength=items)
    usual = (days.sum() + 1.0) / (gaps.sum() + 1.0)
    of_category = (category @ days + GAP_PRIOR * usual) / (category @ gaps + GAP_PRIOR)
    has_category = np.asarray(category.sum(axis=0)).ravel() > 0
    blended = np.where(has_category, category.T @ of_category, usual)
    return (days + GAP_PRIOR * blended) / (gaps + GAP_PRIOR)


def _group(
    members: csr_matrix,
    edges: tuple[np.ndarray, np.ndarray, np.ndarray],
    demand: tuple[np.ndarray, np.ndarray],
    hops: Tensor,
) -> Group:
    user_of, item_of, weight = edges
    groups, items = members.shape
    of = np.full(items, -1, dtype=np.int64)
    of[members.indices] = np.repeat(np.arange(groups), np.diff(members.indptr))
    known = of[item_of] >= 0
    keys, places = np.unique(user_of[known] * groups + of[item_of[known]], return_inverse=True)
    hoped = demand[1]
    share = np.where(of[:, None] >= 0, hoped / np.maximum(1e-9, (members @ hoped)[of]), 0.0) if groups else 0.0 * hoped
    vectors = [group_means(members, hop, hoped[:, -1]) for hop in hops.numpy().swapaxes(0, 1)]
    stacked = torch.from_numpy(np.stack(vectors, axis=1).astype(np.float32))
    return Group(
        count=groups,
        of=of,
        share=share,
        keys=keys,
        affinity=_sums(places, weight[known], len(keys)),
        vectors=torch.nn.functional.normalize(stacked, dim=2),
    )
