"""Columns and types of the tables that pass between the parts: the event contract of docs/architecture.md."""

from __future__ import annotations

import pandas as pd

EVENT_TYPES = (
    "view", "search", "cart", "purchase", "return", "like", "share", "comment", "follow", "redeem",
)  # fmt: skip

TIMESTAMP = "datetime64[us, UTC]"

EVENTS: dict[str, str] = {
    "event_id": "str",
    "user_id": "str",
    "item_id": "str",
    "session_id": "str",
    "event_type": "str",
    "occurred_at": TIMESTAMP,
    "quantity": "float64",
    "value": "float64",
    "query": "str",
    "domain": "str",
    "source": "str",
}
USERS: dict[str, str] = {
    "user_id": "str",
    "age_band": "str",
    "gender": "str",
    "occupation": "str",
    "income_band": "str",
    "household": "str",
    "valid_from": TIMESTAMP,
}
ITEMS: dict[str, str] = {
    "item_id": "str",
    "title": "str",
    "category": "str",  # path from the root, parts joined by CATEGORY_SEPARATOR
    "brand": "str",
    "price": "float64",
    "valid_from": TIMESTAMP,
}
TABLES: dict[str, dict[str, str]] = {"events": EVENTS, "users": USERS, "items": ITEMS}
REQUIRED: dict[str, tuple[str, ...]] = {
    "events": ("user_id", "event_type", "occurred_at"),
    "users": ("user_id", "valid_from"),
    "items": ("item_id", "valid_from"),
}
CATEGORY_SEPARATOR = " > "


def empty(table: str) -> pd.DataFrame:
    """A table of the contract without rows; its columns have the contract's types."""
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in TABLES[table].items()})
