"""JSON records as a raw table: nested objects under dotted names, columns of several kinds kept without loss."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pyarrow as pa

_MIXED = {b"cells": b"json"}
"""Marks a column whose cells are of several JSON types: they are held as JSON texts."""

_DEEPEST = 20


def to_table(
    records: Iterable[dict[str, Any]], columns: Collection[str] = (), *, entire: Collection[str] = ()
) -> pa.Table:
    """One row a record, one column a key: `{"user": {"id": 7}}` gives the column `user.id`.

    `columns` are there even when no record has them, so that a record without a required key is a broken row and not
    a broken source. An object under a name in `columns` or `entire` stays one: a rule that takes the name calls it a
    fault.
    """
    kept = {*columns, *entire}
    rows = [_flat(record, kept) for record in records]
    names = list(dict.fromkeys([*(name for row in rows for name in row), *columns]))
    fields, arrays = [], []
    for name in names:
        array, metadata = _column([row.get(name) for row in rows])
        fields.append(pa.field(name, array.type, metadata=metadata))
        arrays.append(array)
    if not names:  # rows that hold nothing are rows all the same
        return pa.table({"": pa.nulls(len(rows), pa.string())})
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def is_mixed(field: pa.Field) -> bool:
    """Whether the column's cells are JSON texts of several types."""
    return (field.metadata or {}).get(b"cells") == b"json"


def parts(field: pa.Field, cells: pa.Array) -> list[tuple[np.ndarray, pa.Array]]:
    """The rows and cells of each kind that a column holds; one part for all columns but those of mixed JSON."""
    if not is_mixed(field) or not len(cells):
        return [(np.arange(len(cells)), cells)]
    values = [None if text is None else json.loads(text) for text in cells.to_pylist()]
    kinds: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        kinds.setdefault(_kind(value), []).append(row)
    return [(np.array(rows), _array(kind, [values[row] for row in rows])) for kind, rows in kinds.items()]


def _flat(record: dict[str, Any], kept: set[str], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        name = _words(f"{prefix}{key}")
        if isinstance(value, dict) and value and name not in kept and depth < _DEEPEST:
            flat |= _flat(value, kept, f"{name}.", depth + 1)
        else:
            flat[name] = value
    return flat


def _words(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _column(cells: list[Any]) -> tuple[pa.Array, dict[bytes, bytes] | None]:
    kinds = {_kind(cell) for cell in cells if cell is not None}
    if len(kinds) <= 1 and "other" not in kinds:
        return _array(kinds.pop() if kinds else "none", cells), None
    return pa.array([None if cell is None else json.dumps(cell) for cell in cells], pa.string()), _MIXED


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "long"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "str" if value.isprintable() or _encodable(value) else "other"
    return "other"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _array(kind: str, cells: list[Any]) -> pa.Array:
    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}
    if kind in types:
        return pa.array(cells, types[kind])
    if kind == "long":
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
    if kind == "other":  # lists, objects, and texts that no file can hold: no field takes them, but they are shown
        return pa.array([[json.dumps(cell)] for cell in cells], pa.list_(pa.string()))
    return pa.array(cells, pa.string())
