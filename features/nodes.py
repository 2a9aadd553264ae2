"""Which nodes a graph has: rows are appended in order of first appearance, attributes follow the catalogue."""

from __future__ import annotations

import numpy as np
import pandas as pd


def admit(nodes: pd.DataFrame, key: str, *, seen: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """`nodes` with new ones appended and attributes renewed; the rows of known nodes stay where they are.

    `seen` has columns `key` and `at` (int64 µs): when an event named the node. `catalogue` has the attribute columns
    of `nodes` and `valid_from`, all before the graph's instant. A node's `since` is the earlier of first event and
    first validity; new nodes are ordered by (since, id), so that every batching of the same events gives the same rows.
    """
    valid = pd.DataFrame({key: catalogue[key], "at": as_microseconds(catalogue["valid_from"])})
    first = pd.concat([seen[[key, "at"]], valid]).groupby(key, sort=False)["at"].min()
    unknown = rows_of(nodes, key, first.index) < 0
    new = first[unknown].rename("since").reset_index().sort_values(["since", key])
    grown = pd.concat([nodes, new.reindex(columns=nodes.columns).astype(nodes.dtypes.to_dict())], ignore_index=True)
    return _renew(grown, key, catalogue)


def rows_of(nodes: pd.DataFrame, key: str, ids: pd.Series | pd.Index) -> np.ndarray:
    """[len(ids)] int64 rows of `ids` in `nodes`, -1 for an id that is not there."""
    return pd.Index(nodes[key]).get_indexer(pd.Index(ids)).astype(np.int64)


def as_microseconds(moments: pd.Series) -> pd.Series:
    """int64 µs since the Unix epoch."""
    return moments.astype("datetime64[us, UTC]").astype("int64")


def _renew(nodes: pd.DataFrame, key: str, catalogue: pd.DataFrame) -> pd.DataFrame:
    if catalogue.empty:
        return nodes
    newest = catalogue.sort_values(["valid_from"], kind="stable").drop_duplicates(key, keep="last")
    rows = rows_of(nodes, key, newest[key])
    known = nodes["valid_from"].to_numpy()[rows]
    newer = pd.isna(known) | (newest["valid_from"].to_numpy() >= known)
    rows, newest = rows[newer], newest[newer]
    attributes = [name for name in newest.columns if name != key and name in nodes.columns]
    renewed = nodes.copy()
    for name in attributes:
        column = renewed[name].copy()
        column.iloc[rows] = newest[name].to_numpy()
        renewed[name] = column
    return renewed
