"""The column `extras`: what a source says besides the contract, as one JSON object a row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from sources.mapping.cells import plain
from sources.mapping.faults import Faults
from sources.mapping.records import is_mixed

_ESCAPED = r'[\\"\x00-\x1f]'


def extras(raw: pa.Table, columns: list[str]) -> pa.Array:
    """A JSON object of the columns' cells, keys sorted, nulls left out; null where nothing is left."""
    whole = pa.nulls(len(raw), pa.string())
    for column in sorted(columns):
        cells = raw.schema.field(column), plain(raw[column])
        value = cells[1] if is_mixed(cells[0]) else _json(cells[1])
        member = pc.binary_join_element_wise(pa.scalar(_text(column)), value, ": ")
        whole = pc.coalesce(pc.binary_join_element_wise(whole, member, ", "), whole, member)
    return pc.binary_join_element_wise(pa.scalar("{"), whole, pa.scalar("}"), "")


def given_extras(cells: pa.Array, besides: pa.Array, faults: Faults) -> pa.Array:
    """The source's own JSON objects, together with what the unknown columns say `besides`."""
    if cells.null_count == len(cells):
        return besides
    merged: list[str | None] = besides.to_pylist()
    for row in np.flatnonzero(pc.is_valid(cells).to_numpy(zero_copy_only=False)).tolist():
        told = _object(cells[row].as_py())
        if told is None:
            faults.add("extras", np.array([row]), cells.slice(row, 1), "is no JSON object")
        elif told or merged[row]:
            merged[row] = _text({**told, **json.loads(merged[row] or "{}")})
    return pa.array(merged, pa.string())


def _object(text: str) -> dict[str, Any] | None:
    try:
        told = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _json(cells: pa.Array) -> pa.Array:
    """Each cell as JSON."""
    if pt.is_string(cells.type):
        return _quoted(cells)
    if pt.is_integer(cells.type) or pt.is_boolean(cells.type):
        return cells.cast(pa.string())
    if pt.is_temporal(cells.type) or pt.is_decimal(cells.type):
        return _quoted(cells.cast(pa.string()))
    return pa.array([None if cell is None or cell != cell else _text(cell) for cell in cells.to_pylist()], pa.string())


def _quoted(cells: pa.Array) -> pa.Array:
    odd = pc.fill_null(pc.match_substring_regex(cells, _ESCAPED), False)
    quoted = pc.binary_join_element_wise(pa.scalar('"'), cells, pa.scalar('"'), "")
    if not pc.any(odd).as_py():
        return quoted
    escaped = pa.array([_text(cell) for cell in cells.filter(odd).to_pylist()], pa.string())
    return pc.replace_with_mask(quoted, odd, escaped)


def _text(value: Any) -> str:
    whole = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return whole.encode("utf-8", "backslashreplace").decode()
