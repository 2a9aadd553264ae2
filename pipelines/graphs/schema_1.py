"""Graphs of schema 1 (Tidegraph 0.1 and 0.2): Parquet tables of users, items and user–item edges. They still open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.graph import InterestGraph
from features.kinds import BY_NAME, USER_ITEM
from features.rules import Rules
from features.segment import ATTRIBUTES, Segment, attribute_schema, node_schema
from pipelines.errors import StoreError
from pipelines.files import digest_files, read_table


def read_schema_1(folder: Path, manifest: dict[str, Any]) -> InterestGraph:
    """A graph that can be served from and compared, but not folded into: what its events weighed is not told in it.

    Counts were kept of all events together; they are `count_any` here. StoreError when its bytes were changed.
    """
    if digest_files(folder / "tables") != manifest["hash"]:
        raise StoreError(
            "the graph's tables do not match its manifest", where=str(folder), mend="run the refresh step again"
        )
    tables = {name: read_table(folder / "tables" / f"{name}.parquet") for name in ("users", "items", "edges")}
    rules = Rules({name: tuple(manifest["half_lives"]) for name in BY_NAME}, {})
    return InterestGraph(manifest["as_of"], manifest["epoch"], rules, (_segment(tables, manifest["epoch"]),))


def _segment(tables: dict[str, pd.DataFrame], epoch: int) -> Segment:
    users, items = tables["users"], tables["items"]
    edges = tables["edges"].rename(columns={"user_row": "source_row", "item_row": "target_row", "count": "count_any"})
    edges = edges.astype({"source_row": "int32", "target_row": "int32", "count_any": "int32"})
    nodes = {"user": _nodes(users, "user_id"), "item": _nodes(items, "item_id")}
    for node in ("category", "brand"):
        nodes[node] = _groups(items, node)
    return Segment(
        epoch=epoch,
        nodes=nodes,
        attributes={"user": _attributes(users, "user"), "item": _attributes(items, "item")},
        edges={USER_ITEM.name: pa.Table.from_pandas(edges, preserve_index=False).replace_schema_metadata()},
        forgotten={},
    )


def _nodes(table: pd.DataFrame, key: str) -> pa.Table:
    return _arrow({"row": np.arange(len(table)), "id": table[key], "since": table["since"]}, node_schema())


def _groups(items: pd.DataFrame, name: str) -> pa.Table:
    """Categories and brands in the order in which items first name them, as schema 1 numbered them."""
    named = items.dropna(subset=[name]).drop_duplicates(name)
    return _arrow({"row": np.arange(len(named)), "id": named[name], "since": named["since"]}, node_schema())


def _attributes(table: pd.DataFrame, node: str) -> pa.Table:
    said = table[table["valid_from"].notna()]
    at = said["valid_from"].astype("datetime64[us, UTC]").astype("int64")
    columns = {name: said[name] for name in ATTRIBUTES[node]}
    return _arrow({"row": said.index, "valid_from": at, "valid_since": at, **columns}, attribute_schema(node))


def _arrow(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)
