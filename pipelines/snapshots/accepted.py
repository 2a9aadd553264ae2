"""What earlier windows had accepted: the catalogue, and the events that a later row could repeat or correct."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from features.schema import empty
from pipelines.context import Context
from pipelines.files import read_table
from pipelines.snapshots.accepted_files import read_accepted
from pipelines.windows import Window

_KEY = ["event_id", "revision"]


def earliest_of(window: Window, context: Context) -> datetime:
    """From when on an event may still arrive in `window`: late by `validate.max_lateness`, but inside the calendar."""
    return max(window.start - context.params.validate_.max_lateness, context.calendar.origin)


def events_before(window: Window, context: Context) -> pd.DataFrame:
    """`event_id` and `revision` of the accepted events that arrived before `window`, as far as it could repeat them."""
    earliest = earliest_of(window, context)
    earlier = [known for known in context.calendar.until(window.name) if known.end > earliest]
    tables = [table for known in earlier for table in _arrived(known, context)]
    return pd.concat(tables, ignore_index=True) if tables else empty("events")[_KEY]


def catalogue_before(window: Window, context: Context) -> set[str]:
    """The ids of the items accepted in the windows before `window`."""
    folders = [path for path in context.path("accepted").glob("*") if path.name[:1] != "." and path.name < window.name]
    return {item for path in folders for item in read_table(path / "items.parquet", ["item_id"])["item_id"]}


def _arrived(window: Window, context: Context) -> list[pd.DataFrame]:
    own = context.path("accepted", window.name, "events.parquet")
    paths = [own, *sorted(context.path("late", window.name).glob("*.parquet"))]
    return [read_accepted(path, "events", _KEY) for path in paths if path.is_file()]
