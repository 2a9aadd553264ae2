"""One writer at a time: file locks that name their holder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.errors import BusyError


@contextmanager
def hold(folder: Path, name: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock `name`; raise BusyError, naming the holder, when it is not free within `wait_seconds`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.lock"
    lock = FileLock(path)
    holder = folder / f"{name}.holder"
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        who = holder.read_text() if holder.exists() else "unknown"
        raise BusyError(
            f"{name} is being worked on by another process (pid {who})",
            where=str(path),
            mend="wait until it ends and run the same command again; a lock of a dead process frees itself",
        ) from None
    try:
        holder.write_text(str(os.getpid()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
