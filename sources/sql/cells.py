"""Python values, as database drivers give them, as Arrow columns that a mapping can read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

EXACT = 2**53
"""Up to here every whole number is a float of its own."""


def raw_table(columns: dict[str, Sequence[Any]]) -> pa.Table:
    """One column of one type for each list of values; a column that mixes kinds becomes text.

    Instants without a zone are UTC. Whole decimals lose their zeros, so that an id stays an id; objects and lists
    become JSON with sorted keys.
    """
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: Sequence[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pa.array(values, pa.int64())
    if kinds and kinds <= {int, float} and all(value is None or _is_exact(value) for value in values):
        return pa.array(values, pa.float64())
    if kinds == {datetime}:
        return pa.array([None if value is None else _in_utc(value) for value in values], pa.timestamp("us", tz="UTC"))
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _is_exact(value: float) -> bool:
    return isinstance(value, float) or -EXACT <= value <= EXACT


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return str(int(value)) if value.is_finite() and value == value.to_integral_value() else format(value, "f")
    if isinstance(value, datetime):
        return _in_utc(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, dict | list):
        return _sound(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str))
    return _sound(str(value))


def _sound(text: str) -> str:
    """Half of a surrogate pair, which UTF-8 cannot hold, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
