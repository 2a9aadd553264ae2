"""Folders for what does not fit into memory; what a killed process left in one is removed by the next process."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def spill_folder(place: Path, prefix: str) -> Iterator[Path]:
    """A folder of its own in the folder `place`, called `prefix` and something, until the block ends."""
    for left in place.glob(f"{prefix}*/"):
        _remove_unused(left)
    folder = place / f"{prefix}{uuid.uuid4().hex}"
    with FileLock(_lock_of(folder)):  # held before there is a folder: nobody finds it unused
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _lock_of(folder).unlink(missing_ok=True)


def _remove_unused(folder: Path) -> None:
    """A lock of a dead process is free."""
    try:
        with FileLock(_lock_of(folder), timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
            _lock_of(folder).unlink(missing_ok=True)
    except Timeout:
        return


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
