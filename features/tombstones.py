"""Tombstones: rows whose node the graph does not know, any more or yet."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.segment import node_schema


def bury(nodes: pa.Table, alive: np.ndarray) -> pa.Table:
    """`nodes`, by row, those that are not `alive` [rows] without their id.

    A tombstone is as old as the living node before it, or has 0 where there is none: that tells no more than its row.
    """
    ids = pc.if_else(pa.array(alive), nodes["id"].combine_chunks(), pa.scalar(None, pa.string()))
    before = np.maximum.accumulate(np.where(alive, np.arange(len(alive)), -1))
    since = np.where(before < 0, 0, nodes["since"].to_numpy()[before])
    return pa.table({"row": nodes["row"], "id": ids, "since": pa.array(since, pa.int64())}, schema=node_schema())
