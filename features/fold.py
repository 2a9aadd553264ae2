"""Folding a delta into the interest graph; folding deltas one by one equals building from scratch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from features.aggregate import aggregate
from features.graph import RENORMALISE_AFTER, InterestGraph, microseconds
from features.nodes import admit, as_microseconds, rows_of


def fold(
    graph: InterestGraph,
    *,
    events: pd.DataFrame,
    users: pd.DataFrame,
    items: pd.DataFrame,
    as_of: datetime,
    event_weights: dict[str, float],
    corrected: pd.DataFrame | None = None,
) -> InterestGraph:
    """The graph as of `as_of`: `graph` plus what the tables (event contract) add.

    Rows at or after `as_of` are not seen. The tables hold only what `graph` has not folded yet; they may be late.
    `corrected` (`user_id`, `item_id`) are pairs of which an event that `graph` has folded no longer counts: their edges
    are forgotten first, so `events` holds all that counts of them. Raises ValueError when `as_of` lies before the
    graph's own instant.
    """
    now = microseconds(as_of)
    if now < graph.as_of:
        raise ValueError(f"cannot fold back in time: graph is as of {graph.as_of} µs, asked for {now} µs")
    delta = events.assign(at=as_microseconds(events["occurred_at"]))
    delta = delta[delta["at"] < now]
    users = users[as_microseconds(users["valid_from"]) < now]
    items = items[as_microseconds(items["valid_from"]) < now]
    grown_users = admit(graph.users, "user_id", seen=delta, catalogue=users)
    with_item = delta[delta["item_id"].notna()]
    grown_items = admit(graph.items, "item_id", seen=with_item, catalogue=items)
    born = aggregate(
        pd.DataFrame(
            {
                "user_row": rows_of(grown_users, "user_id", with_item["user_id"]),
                "item_row": rows_of(grown_items, "item_id", with_item["item_id"]),
                "at": with_item["at"].to_numpy(),
                "event_type": with_item["event_type"].to_numpy(),
            }
        ),
        epoch=graph.epoch,
        half_lives=graph.half_lives,
        event_weights=event_weights,
    )
    kept = graph.edges if corrected is None else _forget(graph, corrected)
    edges = _add(kept, born, graph.weight_columns)
    return _renormalise(replace(graph, as_of=now, users=grown_users, items=grown_items, edges=edges))


def pair_keys(edges: pd.DataFrame) -> np.ndarray:
    """[edges] int64, one number for each (user_row, item_row), in the same order as the pairs."""
    return (edges["user_row"].to_numpy() << 32) | edges["item_row"].to_numpy()


def _forget(graph: InterestGraph, pairs: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "user_row": rows_of(graph.users, "user_id", pairs["user_id"]),
            "item_row": rows_of(graph.items, "item_id", pairs["item_id"]),
        }
    )
    return graph.edges[~np.isin(pair_keys(graph.edges), pair_keys(rows))]


def _add(old: pd.DataFrame, delta: pd.DataFrame, weights: list[str]) -> pd.DataFrame:
    """Both sorted by pair; only the delta's edges are touched, the rest is carried over as it is."""
    keys, new_keys = pair_keys(old), pair_keys(delta)
    places = np.searchsorted(keys, new_keys)
    known = np.zeros(len(delta), dtype=bool)
    inside = places < len(keys)
    known[inside] = keys[places[inside]] == new_keys[inside]
    at, columns = places[known], {}
    for name in old.columns:
        column, change = old[name].to_numpy().copy(), delta[name].to_numpy()
        if name == "count" or name in weights:
            column[at] += change[known]
        elif name == "first_at":
            column[at] = np.minimum(column[at], change[known])
        elif name == "last_at":
            column[at] = np.maximum(column[at], change[known])
        columns[name] = np.insert(column, places[~known], change[~known])
    return pd.DataFrame(columns)


def _renormalise(graph: InterestGraph) -> InterestGraph:
    if (graph.as_of - graph.epoch) / min(graph.half_lives) <= RENORMALISE_AFTER:
        return graph
    edges = graph.edges.copy()
    edges[graph.weight_columns] = graph.weights()
    return replace(graph, epoch=graph.as_of, edges=edges)
