"""What the gate reads about a user and a candidate, by channel; everything as of the standing's instant."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.flagship.candidates import Candidates
from models.flagship.groups import Group
from models.flagship.keys import find
from models.flagship.rows import Rows
from models.flagship.settings import LEAST_WALKS, RELATIONS
from models.flagship.standing import GAP_PRIOR, Standing

Columns = dict[str, np.ndarray]
CHUNK_ROWS = 16_384
"""Rows read at once: their embeddings and float64 columns stay within some 30 MB."""
_TINY = 1e-3
"""Added to shares and rates before the logarithm."""


def build_rows(standing: Standing, users: np.ndarray, found: Candidates, taken: np.ndarray | None = None) -> Rows:
    """Rows for what was `found` for `users`; `taken` [n] bool is handed through."""
    place, item, walks = found.place, found.item, found.walks
    parts = [
        _read(standing, users[place[at]], item[at], None if walks is None else walks[at])
        for at in (slice(first, first + CHUNK_ROWS) for first in range(0, max(1, len(place)), CHUNK_ROWS))
    ]
    inputs, weight, product = (torch.cat(column) for column in zip(*parts, strict=True))
    groups = {name: (torch.from_numpy(group.of[item]), group.vectors) for name, group in standing.groups.items()}
    if standing.texts:
        groups["text"] = torch.from_numpy(standing.texts.of[item]), standing.texts.vectors
    nodes = {}
    if standing.with_ends:
        groups["item"] = torch.from_numpy(item), standing.hops[standing.users :]
        nodes = {"user": torch.from_numpy(users), "item": torch.arange(standing.items)}
    return Rows(
        user=torch.from_numpy(place),
        inputs=inputs,
        weight=weight,
        product=product,
        group={name: of for name, (of, _) in groups.items()},
        user_vectors=standing.hops[torch.from_numpy(users)],
        profile_vectors=None if standing.profiles is None else standing.profiles[torch.from_numpy(users)],
        group_vectors={name: vectors for name, (_, vectors) in groups.items()},
        taken=None if taken is None else torch.from_numpy(taken),
        nodes=nodes,
    )


def _read(
    standing: Standing, user: np.ndarray, item: np.ndarray, walks: np.ndarray | None
) -> tuple[Tensor, Tensor, Tensor]:
    """`inputs`, `weight` and `product` of `Rows` for the pairs (user, item), both [n], and walks between them."""
    edge = find(standing.keys, user * standing.items + item)
    weight = np.where(edge[:, None] >= 0, standing.weight[edge], 0.0) if len(standing.keys) else _zeros(standing, edge)
    columns = input_columns(standing, user, item, edge, weight)
    if walks is not None:
        columns["graph/log_walks"] = np.log(np.maximum(LEAST_WALKS, walks))
    of_user, of_item = standing.hops[torch.from_numpy(user)], standing.hops[torch.from_numpy(standing.users + item)]
    return (
        torch.from_numpy(np.stack(list(columns.values()), axis=1).astype(np.float32)),
        torch.from_numpy(weight.astype(np.float32)),
        torch.bmm(of_user, of_item.transpose(1, 2)),
    )


def input_columns(
    standing: Standing, user: np.ndarray, item: np.ndarray, edge: np.ndarray, weight: np.ndarray
) -> Columns:
    """Each input [n] but for walks; its name is `<channel>/<what>`, and the order is that of `input_names`."""
    columns = _repeat(standing, user, item, edge, weight) | _prior(standing, user, item)
    for name in RELATIONS:
        columns |= _interest(standing.groups[name], name, standing, user, item)
    return columns


def input_names(half_lives: int, *, walks: bool = False) -> list[str]:
    """The names of the inputs of a graph with that many half-lives, with `walks` or without, in order."""
    repeat = [f"repeat/weight_{column}" for column in range(half_lives)] + [
        f"repeat/{name}" for name in ("known", "count", "last_age", "due", "gap", "item_due", "place", "share")
    ]
    prior = [f"prior/demand_{column}" for column in range(half_lives)] + [
        f"prior/{name}"
        for name in ("recency", "rise", "buyers", "repeat_share", "item_age", "price", "activity", "pace", "novelty")
    ]
    interest = [
        f"interest/{relation}_{name}"
        for relation in RELATIONS
        for name in ("long", "short", "of_user", "share_long", "share_short", "expected_long", "expected_short")
    ]
    return repeat + prior + interest + ["graph/log_walks"] * walks


def _zeros(standing: Standing, edge: np.ndarray) -> np.ndarray:
    return np.zeros((len(edge), standing.weight.shape[1]))


def _repeat(standing: Standing, user: np.ndarray, item: np.ndarray, edge: np.ndarray, weight: np.ndarray) -> Columns:
    known = edge >= 0
    count, first, last, place = (
        np.where(known, values[edge], 0.0) if len(standing.keys) else np.zeros(len(edge))
        for values in (standing.count, standing.first_age, standing.last_age, standing.place)
    )
    gap = np.where(known, (first - last + GAP_PRIOR * standing.gap[item]) / (np.maximum(count - 1, 0) + GAP_PRIOR), 0.0)
    columns = {f"repeat/weight_{column}": np.log1p(20 * values) for column, values in enumerate(weight.T)}
    return columns | {
        "repeat/known": known.astype(np.float64),
        "repeat/count": np.log1p(count),
        "repeat/last_age": np.log1p(last),
        "repeat/due": _log_ratio(last, gap, known),
        "repeat/gap": np.log1p(gap),
        "repeat/item_due": _log_ratio(last, standing.gap[item], known),
        "repeat/place": np.where(known, np.log1p(place), 0.0),
        "repeat/share": np.log(_TINY + weight[:, -1] / np.maximum(_TINY, standing.total[user, -1])),
    }


def _prior(standing: Standing, user: np.ndarray, item: np.ndarray) -> Columns:
    demand, price = standing.demand[item], standing.price[item].astype(np.float64)
    columns = {f"prior/demand_{column}": np.log1p(5 * values) for column, values in enumerate(demand.T)}
    return columns | {
        "prior/recency": standing.recency[item],
        "prior/rise": np.log((demand[:, 0] + 0.5) / (demand[:, min(1, demand.shape[1] - 1)] + 0.5)),
        "prior/buyers": np.log1p(standing.buyers[item]),
        "prior/repeat_share": standing.repeat_share[item],
        "prior/item_age": np.log1p(np.maximum(0, standing.item_age[item])),
        "prior/price": np.log1p(np.maximum(0, np.nan_to_num(price, nan=0.0))),
        "prior/activity": np.log1p(standing.total[user, -1]),
        "prior/pace": np.log((standing.total[user, 0] + 1) / (standing.total[user, -1] + 1)),
        "prior/novelty": standing.novelty[user],
    }


def _interest(group: Group, name: str, standing: Standing, user: np.ndarray, item: np.ndarray) -> Columns:
    of = group.of[item]
    at = find(group.keys, np.where(of >= 0, user * group.count + of, -1))
    affinity = np.where(at[:, None] >= 0, group.affinity[at], 0.0) if len(group.keys) else _zeros(standing, at)
    long, short = affinity[:, -1], affinity[:, 0]
    share_long, share_short = group.share[item, -1], group.share[item, 0]
    return {
        f"interest/{name}_long": np.log1p(5 * long),
        f"interest/{name}_short": np.log1p(20 * short),
        f"interest/{name}_of_user": np.log(_TINY + long / np.maximum(_TINY, standing.total[user, -1])),
        f"interest/{name}_share_long": np.log(_TINY + share_long),
        f"interest/{name}_share_short": np.log(_TINY + share_short),
        f"interest/{name}_expected_long": np.log(_TINY + long * share_short),
        f"interest/{name}_expected_short": np.log(_TINY + short * share_short),
    }


def _log_ratio(age: np.ndarray, gap: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.where(known, np.log((age + 0.5) / (np.where(known, gap, 1.0) + 0.5)), 0.0)
