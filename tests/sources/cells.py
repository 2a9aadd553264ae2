"""Cells of a table read by a mapping's rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from sources.mapping.records import to_table
from sources.mapping.shape import shape
from sources.mapping.spec import Mapping, TableSpec

START = datetime(2024, 1, 1, tzinfo=UTC)


def spec(table: str = "events", **fields: Any) -> TableSpec:
    """A table whose required fields are there, and `fields`."""
    needed = {"events": {"user_id": "user", "event_type": {"constant": "view"}, "occurred_at": "at"}}
    rules = needed.get(table, {f"{table[:-1]}_id": "id"}) | fields
    content = {"name": "shop", "connector": "files", "tables": {table: {"fields": rules}}}
    return Mapping.model_validate(content).tables[table]


def read(cells: Any, field: str, **rule: Any) -> pd.DataFrame:
    """Rows whose column `cell` becomes `field` by `rule`; the other cells are in order."""
    column = cells if isinstance(cells, pa.Array) else to_table([{"cell": cell} for cell in cells])["cell"]
    schema = None if isinstance(cells, pa.Array) else to_table([{"cell": cell} for cell in cells]).schema.field("cell")
    fields = [pa.field("user", pa.string()), pa.field("at", pa.string()), schema or pa.field("cell", column.type)]
    rows = pa.Table.from_arrays(
        [pa.repeat("ann", len(column)), pa.repeat("2024-01-01", len(column)), column], schema=pa.schema(fields)
    )
    return shape(rows, "events", spec(**{field: {"column": "cell", **rule}}), source="shop", start=START)


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).tz_convert("UTC")
