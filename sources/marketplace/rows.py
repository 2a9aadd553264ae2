"""Events as numbers while they are made, and as Arrow tables of the contract's columns when they are delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.schema import EVENT_TYPES
from sources.marketplace.chance import Floats, Ints
from sources.marketplace.settings import LABEL, SOURCE
from sources.marketplace.words import queries
from sources.marketplace.world import World

NONE = -1
"""A user, item, query or extra that is null."""
NO_TIME = np.iinfo(np.int64).min
UNREADABLE = -2.0
"""A quantity that is delivered as the word `two`."""
UNKNOWN_KIND = len(EVENT_TYPES)
KINDS = pa.array([*EVENT_TYPES, "wishlist"])

DAY_STEP, BLOCK_STEP = 10**8, 10**5
"""An event's number is day · DAY_STEP + block · BLOCK_STEP + place in the block."""


@dataclass(frozen=True)
class Rows:
    """Events; all arrays have an entry an event. `code` and `visit` become ids, `at` is in microseconds since 1970.

    `user`, `item`, `query` and `extras` are rows of the world's tables, NONE for null; `kind` a row of KINDS.
    """

    code: Ints
    visit: Ints
    at: Ints
    user: Ints
    item: Ints
    kind: Ints
    quantity: Floats
    value: Floats
    query: Ints
    extras: Ints
    revision: Ints

    def __len__(self) -> int:
        return len(self.code)

    def take(self, rows: Ints | NDArray[np.bool_]) -> Rows:
        return Rows(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def but(self, **changes: Any) -> Rows:
        return replace(self, **changes)


def joined(parts: Sequence[Rows]) -> Rows:
    return Rows(**{each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Rows)})


def event_ids(code: Ints) -> pa.Array:
    return _ids(b"sim-", code)


def to_arrow(rows: Rows, world: World, flaw: str | None = None) -> pa.Table:
    """The events as their window's file holds them; `flaw` is the one of SCHEDULED that befalls the window."""
    at = pa.array(rows.at, mask=rows.at == NO_TIME).view(pa.timestamp("us", tz="UTC"))
    columns = {
        "event_id": event_ids(rows.code),
        "user_id": _coded(rows.user, world.user_ids),
        "item_id": _coded(rows.item, world.catalogue.ids),
        "session_id": _ids(b"ses-", rows.visit),
        "event_type": _coded(rows.kind, KINDS),
        "occurred_at": at,
        "quantity": _numbers(rows.quantity),
        "value": _numbers(rows.value),
        "query": _coded(rows.query, _QUERIES),
        "domain": _repeated(LABEL, len(rows)),
        "source": _repeated(SOURCE, len(rows)),
        "revision": pa.array(rows.revision),
        "extras": _coded(rows.extras, world.extras),
    }
    return pa.table(_BREAKS[flaw](columns, rows) if flaw in _BREAKS else columns)


_QUERIES = pa.array(queries())
_REFERRERS = pa.array(["search engine", "newsletter", "direct"])
_DIGITS = np.array([f"{number:04d}" for number in range(10_000)], dtype="S4").view(np.uint32)


def _added(columns: dict[str, pa.Array], rows: Rows) -> dict[str, pa.Array]:
    return {**columns, "referrer": _coded(rows.visit % 3, _REFERRERS)}


def _missing(columns: dict[str, pa.Array], rows: Rows) -> dict[str, pa.Array]:
    return {name: column for name, column in columns.items() if name != "session_id"}


def _renamed(columns: dict[str, pa.Array], rows: Rows) -> dict[str, pa.Array]:
    return {"product_id" if name == "item_id" else name: column for name, column in columns.items()}


def _retyped(columns: dict[str, pa.Array], rows: Rows) -> dict[str, pa.Array]:
    words = pc.if_else(pa.array(rows.quantity == UNREADABLE), "two", pc.cast(columns["quantity"], pa.string()))
    return {**columns, "quantity": words}


_BREAKS = {
    "added_column": _added,
    "missing_column": _missing,
    "renamed_column": _renamed,
    "retyped_column": _retyped,
}


def _coded(codes: Ints, words: pa.Array) -> pa.DictionaryArray:
    indices = codes.astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), words)


def _numbers(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _repeated(word: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([word]))


def _ids(prefix: bytes, numbers: Ints) -> pa.Array:
    """Texts of a four-byte prefix and twelve digits, written four digits at a time."""
    letters = np.empty((len(numbers), 4), np.uint32)
    letters[:, 0] = np.frombuffer(prefix, np.uint32)[0]
    high, low = np.divmod(numbers, 10_000)
    letters[:, 3] = _DIGITS[low]
    top, middle = np.divmod(high, 10_000)
    letters[:, 2], letters[:, 1] = _DIGITS[middle], _DIGITS[top]
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 16
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters))
