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
    "revision": "int64",  # of rows with the same event_id the highest counts; 0 for one never corrected
    "target_user_id": "str",  # whom the event is about: who is followed, shared with, answered
    "extras": "str",  # JSON object of what the source says besides; null where it says nothing
}
USERS: dict[str, str] = {
    "user_id": "str",
    "age_band": "str",
    "gender": "str",
    "occupation": "str",
    "income_band": "str",
    "household": "str",
    "valid_from": TIMESTAMP,
    "extras": "str",
}
ITEMS: dict[str, str] = {
    "item_id": "str",
    "title": "str",
    "category": "str",  # path from the root, parts joined by CATEGORY_SEPARATOR
    "brand": "str",
    "price": "float64",
    "description": "str",
    "image_url": "str",
    "valid_from": TIMESTAMP,
    "extras": "str",
}
TABLES: dict[str, dict[str, str]] = {"events": EVENTS, "users": USERS, "items": ITEMS}
REQUIRED: dict[str, tuple[str, ...]] = {
    "events": ("user_id", "event_type", "occurred_at"),
    "users": ("user_id", "valid_from"),
    "items": ("item_id", "valid_from"),
}
CATEGORY_SEPARATOR = " > "
EXTRAS = "extras"

FAULT = "fault"
"""A landed row's column: why a connector could not read all of it (null where it could); such a row is quarantined."""
LANDED: dict[str, dict[str, str]] = {name: {**columns, FAULT: "str"} for name, columns in TABLES.items()}


def empty(table: str, schema: dict[str, dict[str, str]] = TABLES) -> pd.DataFrame:
    """A table of the contract (or, with LANDED, of a landing) without rows; its columns have the contract's types."""
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in schema[table].items()})
