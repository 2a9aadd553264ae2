"""A first look at a delta: what it holds, so that nothing is computed that cannot come to anything."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from features.backend import run
from features.delta import Delta
from features.kinds import BY_NAME, QUERY_ITEM

_NAMED = ("user_id", "item_id", "query", "target_user_id")
_ENDS = {"user": "user_id", "item": "item_id", "query": "query"}


@dataclass(frozen=True)
class Survey:
    """The catalogue's rows; how many events name what, by column; the types of the events; whether events that were
    folded may change (`loses`), and whether any of those nearby brings a query (`asks_nearby`)."""

    users: pa.Table
    items: pa.Table
    named: dict[str, int]
    event_types: frozenset[str]
    loses: bool
    asks_nearby: bool

    def names(self, column: str) -> bool:
        return self.named[column] > 0

    def may_change(self, kind: str) -> bool:
        """Whether edges of this kind may be added or lost."""
        target = BY_NAME[kind].target
        if kind == QUERY_ITEM.name:
            return self.loses or self.names("query") or self.asks_nearby
        return self.loses or self.names("target_user_id" if target == "user" else _ENDS[target])


def survey(delta: Delta, backend: BaseBackend) -> Survey:
    counts = {name: delta.events[name].count() for name in _NAMED}
    seen = run(delta.events.group_by("event_type").aggregate(**counts), backend)
    return Survey(
        users=run(delta.users, backend),
        items=run(delta.items, backend),
        named={name: sum(seen[name].to_pylist()) for name in _NAMED},
        event_types=frozenset(seen["event_type"].to_pylist()),
        loses=delta.lost is not None,
        asks_nearby=delta.nearby is not None and _asks(delta.nearby, backend),
    )


def event_types(rows: Table, backend: BaseBackend) -> frozenset[str]:
    return frozenset(run(rows.select("event_type").distinct(), backend)["event_type"].to_pylist())


def _asks(events: Table, backend: BaseBackend) -> bool:
    return bool(backend.to_pyarrow(events["query"].count()).as_py())
