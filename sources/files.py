"""A drop folder: `<drop>/<window>/` with `events.*` and, where there are any, `users.*` and `items.*`.

Each table may come as one file or as several (`events.csv`, `events-shop2.jsonl`), as CSV, JSON Lines or Parquet.
Columns bear the contract's names; optional ones may be missing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pandas as pd

from features.schema import EVENTS, REQUIRED, TABLES, empty
from sources.connector import Connector, SourceFault, Tables, digest, sort_table
from sources.drop_cells import Sheet, convert
from sources.drop_readers import read_sheet

ORDER = {
    "events": ("occurred_at", "event_id"),
    "users": ("valid_from", "user_id"),
    "items": ("valid_from", "item_id"),
}
IDENTITY = [name for name in EVENTS if name != "event_id"]


class DropFolder(Connector):
    """Reads what others drop; it is open-ended, so that a later window may always still come."""

    name = "files"

    def __init__(self, first_start: datetime, drop: Path) -> None:
        super().__init__(first_start)
        self.drop = drop

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        folder = self._folder(name)
        tables, notes = {}, []
        for table in TABLES:
            parts = []
            for path in _files(folder, table):
                sheet = read_sheet(path)
                parts.append(_typed(sheet, table, start))
                notes += _strangers(sheet, table)
            whole = pd.concat(parts, ignore_index=True) if parts else empty(table)
            tables[table] = sort_table(whole, *ORDER[table])
        return Tables(tables["events"], tables["users"], tables["items"], tuple(notes))

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        folder = self._folder(name)
        parts: list[str | bytes] = [self.name, start.isoformat(), end.isoformat()]
        for path in (path for table in TABLES for path in _files(folder, table)):
            parts += [path.name, hashlib.sha256(path.read_bytes()).digest()]
        return digest(*parts)

    def last_event_at(self) -> None:
        return None

    def _folder(self, name: str) -> Path:
        folder = self.drop / name
        if not folder.is_dir():
            raise SourceFault(
                f"nothing was dropped for window {name}: its folder is missing",
                where=str(folder),
                mend=f"put its events there, or point TIDEGRAPH_DROP at the folder that holds {name}/",
            )
        if not _files(folder, "events"):
            raise SourceFault(
                f"the drop folder of window {name} holds no events file",
                where=str(folder),
                mend="add events.csv, events.jsonl or events.parquet",
            )
        return folder


def _files(folder: Path, table: str) -> list[Path]:
    """The files of a table, in name order: `events.csv`, `events-2.csv`."""
    found = (path for path in folder.iterdir() if path.name.startswith((f"{table}.", f"{table}-")))
    return sorted(path for path in found if path.is_file())


def _typed(sheet: Sheet, table: str, start: datetime) -> pd.DataFrame:
    """The sheet with the contract's columns and types; what the source may leave out is filled in."""
    for column in REQUIRED[table]:
        if column not in sheet.columns and column != "valid_from" and sheet.columns:
            raise SourceFault(
                f"column {column} is missing",
                where=f"{sheet.path} has {', '.join(sheet.columns)}",
                mend=f"add the column {column}, or rename the one that holds it",
            )
    whole = empty(table).reindex(range(sheet.rows))
    for name, dtype in TABLES[table].items():
        if name in sheet.columns:
            whole[name] = convert(sheet, name, dtype)
    if table == "events":
        whole["source"] = whole["source"].fillna(DropFolder.name)
        return _identified(whole)
    return whole.assign(valid_from=whole["valid_from"].fillna(pd.Timestamp(start)))


def _identified(events: pd.DataFrame) -> pd.DataFrame:
    """Events without an id get a hash of all their other columns, so that a row dropped twice is one event."""
    nameless = events["event_id"].isna()
    if nameless.any():
        rows = events.loc[nameless, IDENTITY].itertuples(index=False, name=None)
        ids = [hashlib.sha256(repr(tuple(map(str, row))).encode()).hexdigest()[:32] for row in rows]
        events.loc[nameless, "event_id"] = ids
    return events


def _strangers(sheet: Sheet, table: str) -> list[str]:
    unknown = [name for name in sheet.columns if name not in TABLES[table]]
    return [f"{sheet.path.name}: column {name} is not in the contract and was left out" for name in unknown]
