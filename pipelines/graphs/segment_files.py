"""A segment at rest: one Arrow file a table, uncompressed, so that it can be mapped and seen without being read."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc

from features.segment import Segment
from pipelines.errors import StoreError

_PARTS = ("nodes", "attributes", "edges", "forgotten")
ROWS_A_BATCH = 1 << 24
"""A column of up to this many rows lies in one piece, and can be an array without copying."""


@dataclass(frozen=True)
class Kept:
    """Where a segment lies, and what its manifest told of it."""

    folder: Path
    told: dict[str, Any]


def write_segment(folder: Path, segment: Segment) -> dict[str, Any]:
    """Write the tables that have rows, or link those of a segment that lies somewhere already; tells of its files."""
    folder.mkdir(parents=True)
    if isinstance(segment.origin, Kept) and segment.origin.folder.is_dir():
        for name in segment.origin.told["files"]:
            _link(segment.origin.folder / name, folder / name)
        return segment.origin.told
    files = {f"{part}-{name}.arrow": table for part, name, table in _tables(segment) if len(table)}
    return {"epoch": segment.epoch, "files": {name: _write(folder / name, table) for name, table in files.items()}}


def read_segment(folder: Path, told: Mapping[str, Any]) -> Segment:
    """Map the files of a segment; StoreError for one that is missing or has another size than it had."""
    parts: dict[str, dict[str, pa.Table]] = {part: {} for part in _PARTS}
    for file, about in told["files"].items():
        part, name = file.removesuffix(".arrow").split("-", 1)
        parts[part][name] = _map(folder / file, about["bytes"])
    return Segment(epoch=told["epoch"], **parts, origin=Kept(folder, dict(told)))


def check_segment(folder: Path, told: Mapping[str, Any]) -> int:
    """Compare the files' bytes with their hashes; StoreError for the first that differs. Gives the number of bytes."""
    for file, about in told["files"].items():
        _map(folder / file, about["bytes"])
        if _digest(folder / file) != about["sha256"]:
            raise _damaged(folder / file, "its bytes are not those that were written")
    return sum(about["bytes"] for about in told["files"].values())


def _tables(segment: Segment) -> Iterator[tuple[str, str, pa.Table]]:
    for part in _PARTS:
        for name, table in getattr(segment, part).items():
            yield part, name, table


def _write(path: Path, table: pa.Table) -> dict[str, Any]:
    whole = table.combine_chunks()
    with path.open("wb") as file, ipc.new_file(file, whole.schema) as writer:
        writer.write_table(whole, max_chunksize=ROWS_A_BATCH)
    return {"rows": len(table), "bytes": path.stat().st_size, "sha256": _digest(path)}


def _map(path: Path, size: int) -> pa.Table:
    try:
        found = path.stat().st_size
        if found != size:
            raise _damaged(path, f"it has {found:,} bytes and had {size:,} when it was written")
        return ipc.open_file(pa.memory_map(str(path))).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise _damaged(path, str(error)) from error


def _link(source: Path, target: Path) -> None:
    """A second name for the same bytes, or a copy where the file system has no second names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"the graph's file {path.name} is damaged or missing: {why}",
        where=str(path),
        mend="remove the graph's folder and run the refresh step of its window again: it is rebuilt from the snapshots",
    )
