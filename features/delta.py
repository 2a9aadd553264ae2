"""What a fold is given: rows that came, and where to look for rows that came before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from features.interactions import EVENT_COLUMNS
from features.schema import EVENTS, ITEMS, USERS
from features.segment import ATTRIBUTES

_KEY = ["event_id", "revision"]
_TYPES = {"str": pa.string(), "float64": pa.float64(), "int64": pa.int64()}


@dataclass(frozen=True)
class Delta:
    """Tables as unevaluated expressions.

    `events` (EVENT_COLUMNS): those that count now and that the graph has not folded; they may be late. `users`,
    `items`: catalogue rows, with `valid_from` in µs. `known`: all events that the graph has folded and that count in
    it. `nearby`: of those, the ones within reach of a session: no further from an event that came, or no longer
    counts, than `click_within` (all of `known` will do). `lost`: those of `known` that no longer count, because they
    were corrected, or their user was erased.
    """

    events: Table
    users: Table
    items: Table
    known: Table | None = None
    nearby: Table | None = None
    lost: Table | None = None

    def before(self, now: int) -> Delta:
        """Without all that happens, or becomes valid, at or after `now` (µs)."""
        return replace(
            self,
            events=self.events.filter(self.events["at"] < now),
            users=self.users.filter(self.users["valid_from"] < now),
            items=self.items.filter(self.items["valid_from"] < now),
        )


def once(events: Table, known: Table | None = None) -> Table:
    """`events` without repetitions of one (event_id, revision), within themselves or of `known`."""
    first = events.mutate(copy=ibis.row_number().over(ibis.window(group_by=_KEY, order_by=["at", "user_id"])))
    first = first.filter(first["copy"] == 0).drop("copy")
    return first if known is None else first.anti_join(known, _KEY)


def event_table(events: pd.DataFrame) -> Table:
    """Events of the contract as a Delta holds them."""
    return _table(events, EVENT_COLUMNS, EVENTS, moment=("occurred_at", "at"))


def user_table(users: pd.DataFrame) -> Table:
    """Users of the contract as a Delta holds them."""
    return _table(users, ("user_id", *ATTRIBUTES["user"], "valid_from"), USERS, moment=("valid_from", "valid_from"))


def item_table(items: pd.DataFrame) -> Table:
    """Items of the contract as a Delta holds them."""
    return _table(items, ("item_id", *ATTRIBUTES["item"], "valid_from"), ITEMS, moment=("valid_from", "valid_from"))


def _table(rows: pd.DataFrame, columns: tuple[str, ...], types: dict[str, str], moment: tuple[str, str]) -> Table:
    said, held = moment
    moments = rows[said].astype("datetime64[us, UTC]").astype("int64")
    arrays: dict[str, Any] = {name: _array(rows, name, types) for name in columns if name != held}
    return ibis.memtable(pa.table({**arrays, held: pa.array(moments, pa.int64())}).select(list(columns)))


def _array(rows: pd.DataFrame, name: str, types: dict[str, str]) -> pa.Array:
    """A column, or nulls where the rows, being older than it, lack it."""
    kind = _TYPES[types.get(name, "str")]
    return pa.array(rows[name], kind, from_pandas=True) if name in rows.columns else pa.nulls(len(rows), kind)
