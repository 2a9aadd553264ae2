"""All that the flagship knows as of a graph, computed once a refresh and read for every user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from torch import Tensor
from torch_geometric.data import HeteroData

from models.flagship.described import Texts, profile_vectors, read_words, text_vectors, user_groups
from models.flagship.groups import Group, group_items, membership, sums
from models.flagship.places import places_by_weight
from models.flagship.propagation import fill_cold, propagate, scale_rows
from models.flagship.settings import RELATIONS, RankerSettings
from models.flagship.walks import Walks
from models.layers.adjacency import normalised_adjacency
from models.ranking import INTERACTS, interest_matrix, owned_pairs

NEWBORN_DEMAND = 0.5
"""A new item counts as if half of one had been bought on its first day, so that it can be found before it sells."""
GAP_PRIOR = 2.0
"""How many gaps of the item (or its category) are blended into a user's or item's own mean gap."""


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
    there where the formula has a power for them; `texts` and `profiles` [users, hops, factors], what titles and
    demographic groups say, where the settings ask for them. `with_ends`: rows bring their items' embeddings along.
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
    texts: Texts | None
    profiles: Tensor | None
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
    demand, total = sums(item_of, weight, items), sums(user_of, weight, users)
    bought = np.bincount(item_of, count, minlength=items)
    buyers = np.bincount(item_of, minlength=items)
    belongs = {name: membership(graph, relation) for name, relation in RELATIONS.items()}
    interests = interest_matrix(graph, settings.hop_half_life)
    adjacency = normalised_adjacency(interests)
    words = read_words(graph) if settings.text else None
    told = user_groups(graph) if settings.demographics else None
    of_users = [] if told is None else [told]
    of_items = [*belongs.values(), *([words.of_items()] if words else [])]
    scaled = scale_rows(fill_cold(factors, adjacency, users, of_users, of_items), settings.row_scale)
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
        place=places_by_weight(user_of, weight[:, -1], start),
        demand=demand,
        recency=np.log((demand[:, 0] + 0.25) / (demand[:, -1] + 1)),
        total=total,
        gap=_gaps(item_of, first_age - last_age, count, belongs["category"]),
        repeat_share=np.divide(bought - buyers, bought, out=np.zeros(items), where=bought > 0),
        buyers=buyers,
        novelty=np.diff(start) / np.maximum(1, np.bincount(user_of, count, minlength=users)),
        item_age=age,
        price=graph["item"].price.numpy(),
        groups={
            name: group_items(groups, (user_of, item_of, weight), hoped, hops[users:])
            for name, groups in belongs.items()
        },
        hops=hops,
        walks=Walks(interests) if settings.walk_power else None,
        texts=text_vectors(words, hops[users:], hoped[:, -1]) if words else None,
        profiles=None if told is None else profile_vectors(told, hops[:users]),
        with_ends=settings.learns_ends,
    )


def _gaps(item_of: np.ndarray, span: np.ndarray, count: np.ndarray, category: csr_matrix) -> np.ndarray:
    """[items] mean days between one user's purchases, blended with the category's mean, and that with everyone's."""
    items = category.shape[0]
    days = np.bincount(item_of, span, minlength=items)
    gaps = np.bincount(item_of, count - 1, minlength=items)
    usual = (days.sum() + 1.0) / (gaps.sum() + 1.0)
    of_category = (category.T @ days + GAP_PRIOR * usual) / (category.T @ gaps + GAP_PRIOR)
    has_category = np.asarray(category.sum(axis=1)).ravel() > 0
    blended = np.where(has_category, category @ of_category, usual)
    return (days + GAP_PRIOR * blended) / (gaps + GAP_PRIOR)
