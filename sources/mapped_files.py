"""Files that a mapping describes: one a window, named by it, or files that hold many windows, parted once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.schema import LANDED, TABLES, empty
from sources.connector import ORDER, TIME, Connector, Place, SourceFault, Tables, digest
from sources.drops.readers import FileRows, read_batches
from sources.mapping.columns import check_columns, columns_of
from sources.mapping.faults import Places
from sources.mapping.rules import Section
from sources.mapping.shape import shape_arrow
from sources.mapping.spec import ARRIVED_AT, Mapping, TableSpec, options_as
from sources.window_store import Parted, WindowStore


class NoOptions(Section):
    """Files need no options: what there is to say of them is said table by table, in `from`."""


@dataclass(frozen=True)
class Sample:
    """Rows of a source as they are before any rule: for `tidegraph source check`."""

    table: str
    spec: TableSpec
    raw: pa.Table
    places: Places


class MappedFiles(Connector):
    """Reads the files below the drop folder that the mapping's paths find, in name order.

    Where paths hold `{window}`, a file belongs to the window it is dropped for, late rows in it too. Otherwise a file
    is read once, in bounded memory, and its rows are kept by window below `place.state`: by `arrived_at` where that is
    mapped, else by their own time; rows without a readable time, or older than the calendar, go to its first window.
    """

    def __init__(self, mapping: Mapping, place: Place) -> None:
        super().__init__(place.first_start)
        self.name = mapping.name
        self.mapping, self.place = mapping, place
        options_as(NoOptions, mapping.options, f"{mapping.path}, options")
        self.rows = {
            table: options_as(FileRows, spec.rows, f"{mapping.path}, tables.{table}.from")
            for table, spec in mapping.tables.items()
        }
        if "events" not in self.rows:
            raise SourceFault(
                "the mapping says nothing of events", where=f"{mapping.path}, tables", mend="describe the table events"
            )

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        tables, notes = {}, []
        for table in TABLES:
            parts, told = self._parts(table, start, name) if table in self.rows else ([], [])
            tables[table] = self._finished(table, parts)
            notes += told
        return Tables(tables["events"], tables["users"], tables["items"], tuple(dict.fromkeys(notes)))

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        parts: list[str | bytes] = [self.mapping.digest(), start.isoformat(), end.isoformat()]
        for table, rows in self.rows.items():
            if rows.by_window:
                for path in self._files(table, name):
                    parts += [table, path.name, file_digest(path)]
            else:
                # a file without rows of this window changes nothing about it
                parts += [table, *(seen for kept in self._parted[table] if (seen := kept.digest(start)))]
        return digest(*parts)

    def files(self, start: datetime, end: datetime, name: str) -> dict[str, str]:
        found = {path for table in self.rows for path in self._of_window(table, start, name)}
        return {path.relative_to(self.place.drop).as_posix(): file_digest(path).hex() for path in sorted(found)}

    def last_event_at(self) -> datetime | None:
        """When the last readable event happened; None where files come window by window: more may come."""
        if self.rows["events"].by_window:
            return None
        return max((kept.last_at for kept in self._parted["events"] if kept.last_at), default=None)

    def sample(self, rows: int) -> Iterator[Sample]:
        """About the first `rows` rows of each table, file by file."""
        for table in self.rows:
            left = rows
            for path in self._files(table, None):
                spec = self.mapping.tables[table]
                for raw, places in read_batches(path, self.rows[table], entire=columns_of(table, spec)):
                    yield Sample(table, spec, raw.slice(0, left), places)
                    left -= min(left, len(raw))
                    if not left:
                        break
                if not left:
                    break

    def _files(self, table: str, window: str | None) -> list[Path]:
        """The table's files of a window, or of all windows. Raises SourceFault where there must be one and is none."""
        rows = self.rows[table]
        patterns = [pattern.replace("{window}", window or "*") for pattern in rows.paths]
        found = {path for pattern in patterns for path in self.place.drop.glob(pattern)}
        files = sorted(path for path in found if path.is_file() and not path.name.startswith("."))
        if not files and (table == "events" or not rows.by_window):
            raise self._nothing(table, patterns, window)
        return files

    def _of_window(self, table: str, start: datetime, window: str) -> list[Path]:
        """The table's files that hold rows of a window, or are dropped for it."""
        if self.rows[table].by_window:
            return self._files(table, window)
        kept = zip(self._files(table, None), self._parted[table], strict=True)
        return [path for path, parted in kept if parted.holds(start)]

    def _nothing(self, table: str, patterns: list[str], window: str | None) -> SourceFault:
        of = f" of window {window}" if window else ""
        return SourceFault(
            f"no file holds the {table}{of}: nothing matches {', '.join(patterns)}",
            where=str(self.place.drop),
            mend=f"put the files there, mend tables.{table}.from.paths in {self.mapping.path}, or point TIDEGRAPH_DROP"
            " at the folder that the paths start from",
        )

    def _parts(self, table: str, start: datetime, window: str) -> tuple[list[pa.Table], list[str]]:
        """The table's shaped rows in a window, by file, and what there is to tell of the files."""
        if not self.rows[table].by_window:
            kept = self._parted[table]
            return [part for each in kept for part in each.read(start)], [note for each in kept for note in each.notes]
        parts: list[pa.Table] = []
        notes: list[str] = []
        for path in self._files(table, window):
            for shaped, told in self._shaped(table, path, start):
                parts.append(shaped)
                notes += told
        return parts, notes

    def _shaped(self, table: str, path: Path, start: datetime) -> Iterator[tuple[pa.Table, tuple[str, ...]]]:
        spec = self.mapping.tables[table]
        for raw, places in read_batches(path, self.rows[table], entire=columns_of(table, spec)):
            notes = check_columns(raw.column_names, table, spec, places.where)
            yield shape_arrow(raw, table, spec, source=self.name, start=start, places=places), notes

    @cached_property
    def _parted(self) -> dict[str, list[Parted]]:
        """For each table whose files hold many windows: those files' rows, by window. Parts what is not yet parted."""
        store = WindowStore(self.place.state / "files" / self.name, self.place.first_start, self.place.length)
        parted = {}
        for table, rows in self.rows.items():
            if not rows.by_window:
                parted[table] = [self._part(store, table, path) for path in self._files(table, None)]
        return parted

    def _part(self, store: WindowStore, table: str, path: Path) -> Parted:
        spec = self.mapping.tables[table]
        key = digest(table, spec.model_dump_json(by_alias=True), self.name, path.name, file_digest(path))
        at = [ARRIVED_AT, "occurred_at"] if ARRIVED_AT in spec.fields else [TIME[table]]
        batches = (
            (first_of(shaped, spec.once), notes) for shaped, notes in self._shaped(table, path, self.first_start)
        )
        return store.part(f"{table}-{path.name}", key, batches, at)

    def _finished(self, table: str, parts: list[pa.Table]) -> pd.DataFrame:
        filled = [part.select(list(LANDED[table])) for part in parts if len(part)]
        if not filled:
            return empty(table, LANDED)
        whole = first_of(pa.concat_tables(filled), self.mapping.tables[table].once)
        order = pc.sort_indices(whole, [(column, "ascending") for column in ORDER[table]])
        if not np.array_equal(order, np.arange(len(order))):
            whole = whole.take(order)
        return whole.to_pandas().astype(LANDED[table])


def first_of(rows: pa.Table, fields: tuple[str, ...]) -> pa.Table:
    """Of the rows that agree in `fields` the first in time, a readable one if there is any; all rows if no `fields`.

    Rows without one of the fields go: they name nothing that could be said once.
    """
    if not fields or not len(rows):
        return rows
    keys = rows.select([*fields, "valid_from", "fault"]).to_pandas()
    keys = keys.assign(fault=keys["fault"].notna()).dropna(subset=list(fields))
    kept = keys.sort_values(["fault", "valid_from"], kind="stable").drop_duplicates(list(fields)).index
    return rows.take(pa.array(kept.sort_values()))


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file; a file whose size and time of change are the same is not read again by this process."""
    state = path.stat()
    return _file_digest(path, state.st_size, state.st_mtime_ns, state.st_ino)


@lru_cache(maxsize=10_000)
def _file_digest(path: Path, *_: int) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
