"""From a raw table to the contract's: each field by its rule, no row lost, what cannot be read told in `fault`."""

from __future__ import annotations

import hashlib
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.schema import EXTRAS, FAULT, LANDED, TIMESTAMP
from sources.mapping.columns import check_columns, strangers
from sources.mapping.extras import extras, given_extras
from sources.mapping.faults import Faults, Places
from sources.mapping.fields import field
from sources.mapping.spec import ARRIVED_AT, TableSpec, rules_of
from sources.mapping.times import UTC

__all__ = ["Places", "shape", "shape_arrow"]

IDENTITY = (
    "user_id", "item_id", "session_id", "event_type", "occurred_at", "quantity", "value", "query", "domain", "source",
)  # fmt: skip
"""What makes two events without an id the same one; besides, but only where it is given, `target_user_id`, so that
events keep the ids they had before there were targets."""

FEW = 5_000
"""So many texts are hashed sooner than an engine is started."""


def shape(
    raw: pa.Table, table: str, spec: TableSpec, *, source: str, start: datetime, places: Places | None = None
) -> pd.DataFrame:
    """`raw` as the table `table` of the contract: columns and types of LANDED, one row for each raw row, in its order.

    `source` names the source of events that do not name their own, `start` fills a missing `valid_from`. Where the
    spec maps `arrived_at`, it comes as one more column. Raises SourceFault when a column is missing that every row
    needs.
    """
    shaped = shape_arrow(raw, table, spec, source=source, start=start, places=places)
    types = {**LANDED[table], ARRIVED_AT: TIMESTAMP}
    return shaped.to_pandas().astype({name: types[name] for name in shaped.column_names})


def shape_arrow(
    raw: pa.Table, table: str, spec: TableSpec, *, source: str, start: datetime, places: Places | None = None
) -> pa.Table:
    """The same as an Arrow table, for connectors that pass rows on in batches."""
    check_columns(raw.column_names, table, spec, places.where if places else source)
    rules, faults = rules_of(table, spec), Faults(places.faults if places else None)
    types = {name: dtype for name, dtype in LANDED[table].items() if name != FAULT}
    arrived = {ARRIVED_AT: TIMESTAMP} if ARRIVED_AT in rules else {}
    columns = {name: field(raw, name, rules.get(name), dtype, faults) for name, dtype in {**types, **arrived}.items()}
    besides = extras(raw, strangers(raw.column_names, table, spec))
    columns[EXTRAS] = given_extras(columns[EXTRAS], besides, faults)
    if table == "events":
        columns["source"] = pc.fill_null(columns["source"], source)
        columns["revision"] = pc.fill_null(columns["revision"], 0)
        columns["event_id"] = _identified(columns, faults.texts(len(raw)))
    else:
        columns["valid_from"] = pc.fill_null(columns["valid_from"], pa.scalar(start, UTC))
    columns[FAULT] = faults.texts(len(raw), places)
    order = [*LANDED[table], *arrived]
    return pa.table({name: columns[name] for name in order})


def _identified(columns: dict[str, pa.Array], faults: pa.Array) -> pa.Array:
    """Events without an id get a hash of what makes them one event, so that a row told twice counts once."""
    nameless = pc.is_null(columns["event_id"])
    if not pc.any(nameless).as_py():
        return columns["event_id"]
    words = [_spelling(columns[name].filter(nameless)) for name in IDENTITY]
    told = pc.binary_join_element_wise(
        *words, faults.filter(nameless), "\x1f", null_handling="replace", null_replacement="\x00"
    )
    target = columns["target_user_id"].filter(nameless)
    ids = _hashed(pc.coalesce(pc.binary_join_element_wise(told, target, "\x1f"), told))
    return ids if len(ids) == len(nameless) else pc.replace_with_mask(columns["event_id"], nameless, ids)


def _spelling(cells: pa.Array) -> pa.Array:
    return (cells.cast(pa.int64()) if pa.types.is_timestamp(cells.type) else cells).cast(pa.string())


def _hashed(texts: pa.Array) -> pa.Array:
    """MD5 of each text: a name, not a secret."""
    if len(texts) < FEW:
        return pa.array([hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in texts.to_pylist()])
    with duckdb.connect(config={"threads": 1}) as engine:  # whole columns at once; rows keep their order
        told = pa.table({"text": texts})
        found = engine.from_arrow(told).project("md5(text) AS id").to_arrow_table()["id"]
    return found.combine_chunks().cast(pa.string())
