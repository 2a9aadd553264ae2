"""Tombstones: rows whose node the graph does not know, any more or yet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from features.segment import node_schema


def bury(nodes: pa.Table, alive: np.ndarray) -> pa.Table:
    """`nodes`, by row, those that are not `alive` [rows] without their id.

    A tombstone is as old as the living node before it, or has 0 where there is none: that tells no more than its row.
    """
    places = np.arange(len(alive))
    # taken anew, not only marked as null: the bytes of an id would stay in the column
    ids = nodes["id"].combine_chunks().take(pa.array(places, mask=~alive))
    before = np.maximum.accumulate(np.where(alive, places, -1))
    since = np.where(before < 0, 0, nodes["since"].to_numpy()[before])
    return pa.table({"row": nodes["row"], "id": ids, "since": pa.array(since, pa.int64())}, schema=node_schema())
