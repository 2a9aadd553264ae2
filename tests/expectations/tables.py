"""Tables that keep every promise, of one window each; a test breaks one cell of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd

from expectations.events import Before, Limits, check_events
from expectations.graph import check_graph
from expectations.items import check_items
from expectations.predictions import check_predictions
from expectations.users import check_users
from expectations.validation import Validation
from features.schema import LANDED

START, END = datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 1, 8, tzinfo=UTC)
EARLIEST = datetime(2016, 12, 30, tzinfo=UTC)


def events(rows: int = 40) -> pd.DataFrame:
    """Purchases of tea, then one search (last row)."""
    table = pd.DataFrame(
        {
            "event_id": [f"e{row}" for row in range(rows)],
            "user_id": "ann",
            "item_id": "tea",
            "session_id": "basket",
            "event_type": "purchase",
            "occurred_at": pd.Timestamp("2017-01-02T09:00:00Z"),
            "quantity": 1.0,
            "value": 2.5,
            "query": None,
            "domain": "shop",
            "source": "files",
            "revision": 0,
        }
    )
    table = shaped(table, "events")
    last = rows - 1
    return put(put(put(table, last, "event_type", "search"), last, "item_id", None), last, "query", "green tea")


def shaped(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.reindex(columns=list(LANDED[name])).astype(LANDED[name])


def users(rows: int = 40) -> pd.DataFrame:
    table = pd.DataFrame({"user_id": [f"u{row}" for row in range(rows)], "valid_from": pd.Timestamp(START)})
    return shaped(table, "users")


def items(rows: int = 40) -> pd.DataFrame:
    table = pd.DataFrame({"item_id": [f"i{row}" for row in range(rows)], "valid_from": pd.Timestamp(START)})
    return shaped(table, "items")


def edges() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_row": [0, 0, 1],
            "item_row": [0, 1, 1],
            "count": [1, 2, 3],
            "first_at": [10, 20, 30],
            "last_at": [10, 25, 35],
            "weight_7d": [0.5, 1.0, 2.0],
            "weight_56d": [0.9, 1.9, 2.9],
        }
    )


def lists() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user_id": ["ann", "ann", "bob", "bob"],
            "rank": [1, 2, 1, 2],
            "item_id": ["tea", "milk", "milk", "jam"],
            "score": [0.9, 0.4, 0.8, 0.8],
        }
    )


def put(table: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    """A copy of `table` with another value in one cell."""
    changed = table.copy()
    changed.loc[row, column] = value
    return changed


def judge_events(table: pd.DataFrame, **limits: float) -> Validation:
    bounds = Limits(**{"max_refused": 0.05, "outlier_quantile": 0.99, "max_moments_a_minute": 25} | limits)
    before = Before({"tea"}, pd.DataFrame({"event_id": ["old", "old", "older"], "revision": [0, 1, 0]}))
    return check_events(table, start=START, end=END, earliest=EARLIEST, before=before, limits=bounds)


JUDGES: dict[str, Callable[[pd.DataFrame], Validation]] = {
    "events": judge_events,
    "users": lambda table: check_users(table, start=START, end=END, max_refused=0.05),
    "items": lambda table: check_items(table, start=START, end=END, max_refused=0.05),
    "graph": lambda table: check_graph(table, n_users=2, n_items=2, as_of=36),
    "predictions": lambda table: check_predictions(table, k=2),
}
GOOD: dict[str, Callable[..., pd.DataFrame]] = {
    "events": events,
    "users": users,
    "items": items,
    "graph": edges,
    "predictions": lists,
}
