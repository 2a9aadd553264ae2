"""A tiny shop whose events the eye can check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from features.backend import local_backend
from features.delta import Delta, event_table, item_table, user_table
from features.fold import fold
from features.graph import InterestGraph, empty_graph
from features.kinds import FOLDED
from features.rules import DAY_US, Rules
from features.schema import EVENTS, ITEMS, USERS, empty

START = datetime(2024, 1, 7, tzinfo=UTC)
WEIGHTS = {"purchase": 1.0, "view": 0.1, "search": 0.1, "return": -1.0, "follow": 0.5}


def events(*rows: tuple[Any, ...], first: int = 0, **columns: Any) -> pd.DataFrame:
    """Rows of (user, item, days after START[, event type]); their ids count up from `first`."""
    table = pd.DataFrame(
        [
            {
                "event_id": f"e{first + place}",
                "user_id": row[0],
                "item_id": row[1],
                "event_type": row[3] if len(row) > 3 else "purchase",
                "occurred_at": START + timedelta(days=row[2]),
                "quantity": 1.0,
                "value": 1.0,
                "revision": 0,
            }
            for place, row in enumerate(rows)
        ]
    )
    return table.assign(**columns).reindex(columns=list(EVENTS)).astype(EVENTS)


def items(*rows: tuple[str, str | None, float], **columns: Any) -> pd.DataFrame:
    """Rows of (item, category, days after START from which it is valid)."""
    table = pd.DataFrame(
        [
            {"item_id": item, "title": item, "category": category, "valid_from": START + timedelta(days=day)}
            for item, category, day in rows
        ]
    ).assign(**columns)
    return table.reindex(columns=list(ITEMS)).astype(ITEMS) if rows else empty("items")


def users(*rows: tuple[str, str | None, float]) -> pd.DataFrame:
    """Rows of (user, age band, days after START from which it is valid)."""
    table = pd.DataFrame(
        [{"user_id": user, "age_band": age, "valid_from": START + timedelta(days=day)} for user, age, day in rows]
    )
    return table.reindex(columns=list(USERS)).astype(USERS) if rows else empty("users")


def rules(*half_lives: float, **changes: Any) -> Rules:
    spans = tuple(int(days * DAY_US) for days in half_lives or (7.0,))
    return replace(Rules({kind.name: spans for kind in FOLDED}, WEIGHTS, expire_after=10_000 * DAY_US), **changes)


def blank(*half_lives: float, **changes: Any) -> InterestGraph:
    return empty_graph(epoch=START, rules=rules(*half_lives, **changes))


def fold_days(
    graph: InterestGraph,
    rows: pd.DataFrame,
    as_of_day: float,
    catalogue: pd.DataFrame | None = None,
    people: pd.DataFrame | None = None,
    **context: Any,
) -> InterestGraph:
    """`graph` with `rows` folded in; `context` are tables of events: `known`, `nearby`, `lost`."""
    delta = Delta(
        events=event_table(rows),
        users=user_table(empty("users") if people is None else people),
        items=item_table(empty("items") if catalogue is None else catalogue),
        **{name: event_table(table) for name, table in context.items()},
    )
    with local_backend() as backend:
        return fold(graph, delta, as_of=START + timedelta(days=as_of_day), backend=backend)
