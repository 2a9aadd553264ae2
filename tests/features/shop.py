"""A tiny shop whose events the eye can check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from features.fold import fold
from features.graph import InterestGraph, empty_graph
from features.schema import EVENTS, ITEMS, empty

START = datetime(2024, 1, 7, tzinfo=UTC)
WEIGHTS = {"purchase": 1.0, "view": 0.1}


def events(*rows: tuple[str, str | None, float] | tuple[str, str | None, float, str]) -> pd.DataFrame:
    """Rows of (user, item, days after START[, event type])."""
    table = pd.DataFrame(
        [
            {
                "event_id": f"e{place}",
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
    return table.reindex(columns=list(EVENTS)).astype(EVENTS)


def items(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Rows of (item, category, days after START from which it is valid)."""
    table = pd.DataFrame(
        [
            {"item_id": item, "title": item, "category": category, "valid_from": START + timedelta(days=day)}
            for item, category, day in rows
        ]
    )
    return table.reindex(columns=list(ITEMS)).astype(ITEMS) if rows else empty("items")


def blank(*half_lives: float) -> InterestGraph:
    return empty_graph(epoch=START, half_lives=tuple(timedelta(days=days) for days in half_lives or (7.0,)))


def fold_days(
    graph: InterestGraph, rows: pd.DataFrame, as_of_day: float, catalogue: pd.DataFrame | None = None
) -> InterestGraph:
    return fold(
        graph,
        events=rows,
        users=empty("users"),
        items=empty("items") if catalogue is None else catalogue,
        as_of=START + timedelta(days=as_of_day),
        event_weights=WEIGHTS,
    )
