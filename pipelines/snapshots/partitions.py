"""Reading accepted rows back from the data registry, by the window they belong to and by the window they arrived in.

The partition of a window holds `events`, `users` and `items`, and for each later window that brought some of its events
a file `late-<that window>` (`replay-<that window>` for rows mended in quarantine). Nothing is ever taken out again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.schema import TABLES, empty
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.snapshots.accepted_files import read_accepted
from pipelines.windows import Window

ADDED = ("late", "replay")
"""Kinds of files that a later window adds to a partition."""


@dataclass(frozen=True)
class EventFile:
    """Events of the window `belongs`, which arrived in the window `arrived` (both by name)."""

    path: Path
    belongs: str
    arrived: str


def catalogue_files(context: Context, windows: Iterable[Window], table: str) -> list[Path]:
    """The files of `users` or `items` of all `windows`, in their order; StoreError for one that is missing."""
    paths = [_folder(context) / window.name / f"{table}.parquet" for window in windows]
    for path in paths:
        if not path.is_file():
            raise StoreError(
                f"the snapshot has no {table}",
                where=str(path.parent),
                mend="run the snapshot step of that window again",
            )
    return paths


def read_events(
    context: Context,
    windows: Iterable[Window],
    *,
    known_by: Window | None = None,
    columns: list[str] | None = None,
    filters: list[tuple[str, str, Any]] | None = None,
) -> pd.DataFrame:
    """The events that belong to `windows`, late ones included, as far as they had arrived by the window `known_by`.

    Every revision of a corrected event is among them; `filters` are those of pandas.read_parquet.
    """
    names = {window.name for window in windows}
    files = [file for file in event_files(context) if file.belongs in names]
    if known_by is not None:
        files = [file for file in files if file.arrived <= known_by.name]
    return _together([read_accepted(file.path, "events", columns, filters) for file in files], columns)


def rows_digest(context: Context, known_by: Window) -> str:
    """SHA-256 over all rows that had arrived by `known_by`: a graph folded from other rows is out of date."""
    total = hashlib.sha256()
    files = [file for file in event_files(context) if file.arrived <= known_by.name]
    catalogues = {file.path.with_name(f"{table}.parquet") for file in files for table in ("users", "items")}
    for path in sorted({file.path for file in files} | catalogues):
        total.update(path.relative_to(_folder(context)).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def bringers_of_late_events(context: Context) -> set[str]:
    """The names of the windows in which events of earlier windows arrived."""
    return {file.arrived for file in event_files(context) if file.arrived != file.belongs}


def event_files(context: Context) -> Iterator[EventFile]:
    """All files of events in the data registry, by the window they belong to, then by arrival."""
    for folder in sorted(path.parent for path in _folder(context).glob("*/events.parquet")):
        yield EventFile(folder / "events.parquet", folder.name, folder.name)
        added = (path for kind in ADDED for path in folder.glob(f"{kind}-*.parquet"))
        for path in sorted(added, key=lambda path: path.stem.split("-", 1)[::-1]):
            yield EventFile(path, folder.name, path.stem.split("-", 1)[1])


def _folder(context: Context) -> Path:
    return context.path("registry", "partitions")


def _together(parts: list[pd.DataFrame], columns: list[str] | None) -> pd.DataFrame:
    types = {name: dtype for name, dtype in TABLES["events"].items() if columns is None or name in columns}
    if not parts:
        return empty("events")[list(types)]
    return pd.concat(parts, ignore_index=True).astype(types)
