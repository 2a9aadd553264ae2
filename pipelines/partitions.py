"""Reading the accepted rows of past windows back from the data registry."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from features.schema import TABLES
from pipelines.context import Context
from pipelines.files import read_table
from pipelines.windows import Window

GRAPH_EVENT_COLUMNS = ["user_id", "item_id", "event_type", "occurred_at"]
"""All that the graph and the labels need of an event; whole partitions would take four times the memory."""


def read_partitions(
    context: Context, windows: Iterable[Window], table: str, columns: list[str] | None = None
) -> pd.DataFrame:
    """Rows of `table` of all `windows`, in their order."""
    folder = context.path("registry", "partitions")
    parts = [read_table(folder / window.name / f"{table}.parquet", columns) for window in windows]
    types = {name: dtype for name, dtype in TABLES[table].items() if columns is None or name in columns}
    return pd.concat(parts, ignore_index=True).astype(types)
