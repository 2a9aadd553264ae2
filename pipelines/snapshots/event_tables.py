"""Files of accepted rows as tables that are read only as far as they are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis
from ibis.backends import BaseBackend
from ibis.expr.types import Column, Table

from features.delta import event_table, item_table, user_table
from features.interactions import EVENT_COLUMNS
from features.schema import EVENTS, ITEMS, USERS, empty
from features.segment import ATTRIBUTES
from pipelines.snapshots.accepted_files import column_names

_CATALOGUES = {
    "users": (("user_id", *ATTRIBUTES["user"], "valid_from"), USERS, user_table),
    "items": (("item_id", *ATTRIBUTES["item"], "valid_from"), ITEMS, item_table),
}
_TYPES = {"str": "string", "float64": "float64", "int64": "int64"}
_LATER = {"revision": 0}
"""What a row says in a column that its file does not have yet; null in any other."""


@ibis.udf.scalar.builtin(name="epoch_us", signature=(("timestamp('UTC')",), "int64"))
def _epoch_us(moment: object) -> int: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="unix_micros", signature=(("timestamp('UTC')",), "int64"))
def _unix_micros(moment: object) -> int: ...  # type: ignore[empty-body]


_MICROSECONDS = {"duckdb": _epoch_us, "pyspark": _unix_micros}
"""The one function whose name differs: µs since the Unix epoch."""


def open_events(paths: Sequence[Path], backend: BaseBackend) -> Table:
    """The events in `paths`, as `features.delta.Delta` holds them."""
    if not paths:
        return event_table(empty("events"))
    return _open(paths, EVENT_COLUMNS, EVENTS | {"at": "int64"}, ("occurred_at", "at"), backend)


def open_catalogue(paths: Sequence[Path], table: str, backend: BaseBackend) -> Table:
    """The `users` or `items` in `paths`, as `features.delta.Delta` holds them."""
    columns, types, shape = _CATALOGUES[table]
    if not paths:
        return shape(empty(table))
    return _open(paths, columns, types, ("valid_from", "valid_from"), backend)


def _open(
    paths: Sequence[Path], columns: Sequence[str], types: dict[str, str], moment: tuple[str, str], backend: BaseBackend
) -> Table:
    parts = []
    for alike in _alike(paths):
        rows = backend.read_parquet([str(path) for path in alike])
        parts.append(rows.select(**{name: _column(rows, name, types, moment, backend) for name in columns}))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _column(
    rows: Table, name: str, types: dict[str, str], moment: tuple[str, str], backend: BaseBackend
) -> Column | ibis.Value:
    said, held = moment
    if name == held:
        return _MICROSECONDS[backend.name](rows[said].cast("timestamp('UTC')"))
    kind = _TYPES.get(types.get(name, "str"), "string")
    return rows[name].cast(kind) if name in rows.columns else ibis.literal(_LATER.get(name), kind)


def _alike(paths: Iterable[Path]) -> list[list[Path]]:
    """Files of an older version lack columns: those with the same columns are read together."""
    found: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in paths:
        found[tuple(column_names(path))].append(path)
    return list(found.values())
