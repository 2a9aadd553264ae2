"""Rows of files that hold many windows, parted by window once and kept as Parquet below the connectors' state."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.schema import FAULT
from sources.mapping.times import UTC

HELD_ROWS, HELD_BYTES = 500_000, 128 << 20
"""So much is held in memory before it is written."""

SUMMARY = "summary.json"


@dataclass(frozen=True)
class Parted:
    """One file's rows by window. `last_at` is the time of its last readable row, `notes` what there is to tell."""

    folder: Path
    first_start: datetime
    length: timedelta
    notes: tuple[str, ...]
    last_at: datetime | None

    def read(self, start: datetime) -> list[pa.Table]:
        """The rows of the window that starts at `start`, in the order of the file."""
        return [pq.read_table(path, use_threads=False) for path in self._parts(start)]

    def holds(self, start: datetime) -> bool:
        """Whether the file has rows of the window that starts at `start`."""
        return bool(self._parts(start))

    def digest(self, start: datetime) -> bytes:
        """Changes with the bytes of the window's rows."""
        return b"".join(sha256(path.read_bytes()).digest() for path in self._parts(start))

    def _parts(self, start: datetime) -> list[Path]:
        index = (start - self.first_start) // self.length
        return sorted(self.folder.glob(f"{index:06}-*.parquet"))


class WindowStore:
    """Keeps parted files below `folder`: a folder a file, within it `<window>-<part>.parquet` by number."""

    def __init__(self, folder: Path, first_start: datetime, length: timedelta) -> None:
        self.folder, self.first_start, self.length = folder, first_start, length

    def part(self, name: str, key: str, batches: Iterable[tuple[pa.Table, tuple[str, ...]]], at: list[str]) -> Parted:
        """The rows of `batches` by window, by the first of the columns `at` that is known.

        They are made only when no folder says that they come of the same `key`. Rows whose time is unknown, or before
        the first window, belong to the first.
        """
        key = sha256(f"{key} {self.first_start.isoformat()} {self.length}".encode()).hexdigest()
        home = self.folder / name
        kept = home / key[:32]
        if not (kept / SUMMARY).exists():
            home.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(prefix=".", dir=home))
            try:
                self._write(beside, batches, at)
                _replace(beside, kept)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
            for other in home.iterdir():  # of earlier states of the file
                if other != kept and not other.name.startswith("."):
                    shutil.rmtree(other, ignore_errors=True)
        summary = json.loads((kept / SUMMARY).read_text(encoding="utf-8"))
        last_at = datetime.fromisoformat(summary["last_at"]) if summary["last_at"] else None
        return Parted(kept, self.first_start, self.length, tuple(summary["notes"]), last_at)

    def _write(self, folder: Path, batches: Iterable[tuple[pa.Table, tuple[str, ...]]], at: list[str]) -> None:
        held: dict[int, list[pa.Table]] = {}
        notes: dict[str, None] = {}
        rows, size, flushed, last_at = 0, 0, 0, None
        for batch, told in batches:
            notes |= dict.fromkeys(told)
            last_at = _later(last_at, batch, at[-1])
            for index, part in self._windows(batch, at):
                held.setdefault(index, []).append(part)
            rows, size = rows + len(batch), size + batch.nbytes
            if rows >= HELD_ROWS or size >= HELD_BYTES:
                _flush(folder, held, flushed)
                held, rows, size, flushed = {}, 0, 0, flushed + 1
        _flush(folder, held, flushed)
        summary = {"notes": list(notes), "last_at": last_at.isoformat() if last_at else None}
        (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")

    def _windows(self, batch: pa.Table, at: list[str]) -> Iterator[tuple[int, pa.Table]]:
        """The batch's rows by window number, in their order."""
        if not len(batch):
            return
        known = pc.coalesce(*(batch[column] for column in at)).cast(pa.int64()).fill_null(-(2**62)).to_numpy()
        origin = pa.scalar(self.first_start, UTC).cast(pa.int64()).as_py()
        indexes = np.maximum((known - origin) // (self.length // timedelta(microseconds=1)), 0)
        order = np.argsort(indexes, kind="stable")
        values, starts = np.unique(indexes[order], return_index=True)
        for index, rows in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
            yield index, batch if len(values) == 1 else batch.take(pa.array(rows))


def _flush(folder: Path, held: dict[int, list[pa.Table]], number: int) -> None:
    for index, parts in sorted(held.items()):
        path = folder / f"{index:06}-{number:04}.parquet"
        pq.write_table(pa.concat_tables(parts), path, compression="zstd", compression_level=1)


def _later(last_at: datetime | None, batch: pa.Table, column: str) -> datetime | None:
    found = pc.max(batch[column].filter(pc.is_null(batch[FAULT]))).as_py()
    return found if last_at is None or (found is not None and found > last_at) else last_at


def _replace(beside: Path, kept: Path) -> None:
    try:
        beside.replace(kept)
    except OSError:
        if not (kept / SUMMARY).exists():  # another process was sooner: its rows are the same
            raise
