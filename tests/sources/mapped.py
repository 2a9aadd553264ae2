"""A mapping written down and opened, as a user would have it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from sources.catalogue import open_connector
from sources.connector import Connector, Place, Tables

WEEK = timedelta(days=7)
START = datetime(2024, 1, 7, tzinfo=UTC)
EVENT_FIELDS = {
    "event_id": "id",
    "user_id": "visitor",
    "item_id": "item",
    "event_type": {"column": "action", "values": {"view": "view", "buy": "purchase"}},
    "occurred_at": "at",
    "quantity": "quantity",
}


def open_mapped(folder: Path, **content: Any) -> Connector:
    """The connector of a mapping file with this content; its state lies below `folder`."""
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump({"name": "shop", **content}, sort_keys=False), encoding="utf-8")
    return open_connector("", Place(folder / "drop", folder / "state", START, WEEK), path)


def collect(connector: Connector, week: int = 0) -> Tables:
    """The tables of the calendar's window number `week`."""
    start = START + week * WEEK
    return connector.collect(start, start + WEEK, f"{start:%Y-%m-%d}")


def fingerprint(connector: Connector, week: int = 0) -> str:
    start = START + week * WEEK
    return connector.fingerprint(start, start + WEEK, f"{start:%Y-%m-%d}")


def as_bytes(tables: Tables) -> bytes:
    """All that a window's tables hold, as bytes that differ when anything differs."""
    return b"".join(
        table.to_parquet(index=False) + repr(table.dtypes.to_dict()).encode()
        for table in (tables.events, tables.users, tables.items)
    )
