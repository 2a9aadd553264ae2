"""Replay: repaired events, and refused ones that no longer break a promise, rejoin the window they belong to."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.schema import LANDED, TABLES
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_table, write_table
from pipelines.locks import hold
from pipelines.quarantine.refused import REPLAYED, ROW, list_holdings, read_refused, read_repaired, write_repaired
from pipelines.quarantine.repairing import refused_of
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.snapshots.partition_parts import partition_folder
from pipelines.windows import Window


def replay(context: Context, window: str | None = None, *, unchanged: bool = False) -> dict[str, Any]:
    """Let repaired events of one window, or of all, rejoin; with `unchanged` also those that pass as they are now.

    Each goes to the partition its time belongs to, which gets its next revision; the next update folds it. Gives the
    number of `rows`, the window `arrives` with which they count, and the `tags` of the partitions.
    """
    with hold(context.path("locks"), "quarantine"):
        waiting = {name: _waiting(name, context, unchanged=unchanged) for name in _windows(context, window)}
        waiting = {name: rows for name, rows in waiting.items() if len(rows)}
        arrives = _next_window(context)
        rows = list(waiting.values())
        if not rows:
            return {"rows": 0, "arrives": arrives.name, "tags": {}}
        touched = _add(pd.concat(rows, ignore_index=True), arrives, context)
        beside = context.path("replay", ".partitions")
        folders = {name: partition_folder(name, context, beside=beside) for name in touched}
        tags = open_data_registry(context).add_partitions(folders)
        for name, new in waiting.items():
            _mark(new, name, arrives, context)
    return {"rows": sum(map(len, rows)), "arrives": arrives.name, "tags": tags}


def _windows(context: Context, window: str | None) -> list[str]:
    if window is not None:
        read_refused(window, context)
        return [window]
    return [holding.window for holding in list_holdings(context) if holding.table == "events"]


def _waiting(window: str, context: Context, *, unchanged: bool) -> pd.DataFrame:
    """Accepted columns and `row` of the events that can rejoin."""
    repaired = read_repaired(window, context)
    ready = repaired.loc[repaired[REPLAYED].isna()].drop(columns=REPLAYED)
    if not unchanged:
        return ready
    refused = read_refused(window, context)
    others = refused[~refused[ROW].isin(repaired[ROW])].reset_index(drop=True)
    broken = refused_of(others[list(LANDED["events"])], context.calendar.window(window), context)
    return pd.concat([ready, others.drop(index=broken.index)[list(ready.columns)]], ignore_index=True)


def _next_window(context: Context) -> Window:
    """The window after the newest snapshot: its update is the first that can still fold what rejoins now."""
    newest = max(open_data_registry(context).tags(), default=None)
    if newest is None:
        raise StoreError(
            "there is no snapshot yet that a row could rejoin", where="data registry", mend="run the bootstrap first"
        )
    return context.calendar.at(context.calendar.index(context.calendar.window(newest)) + 1)


def _add(rows: pd.DataFrame, arrives: Window, context: Context) -> list[str]:
    """Write the rows below `replay/<arrives>/`, one file a partition, beside what is there; gives the partitions."""
    calendar = context.calendar
    index = (rows["occurred_at"] - calendar.origin) // calendar.length
    touched = []
    for place, part in rows.groupby(index):
        name = calendar.at(int(place)).name
        path = context.path("replay", arrives.name, f"{name}.parquet")
        known = [read_table(path)] if path.is_file() else []
        whole = pd.concat([*known, part[list(TABLES["events"])]], ignore_index=True)
        # what a killed replay had written already is not written twice
        write_table(path, whole.drop_duplicates(["event_id", "revision"], ignore_index=True))
        touched.append(name)
    return touched


def _mark(rows: pd.DataFrame, window: str, arrives: Window, context: Context) -> None:
    repaired = read_repaired(window, context)
    done = rows.assign(**{REPLAYED: arrives.name})
    write_repaired(pd.concat([repaired[~repaired[ROW].isin(rows[ROW])], done], ignore_index=True), window, context)
