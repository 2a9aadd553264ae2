"""Writing so that a reader sees a file or folder whole or not at all, and reading back with a clear error."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.errors import StoreError


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a fresh folder beside `target`; when the block ends well it takes `target`'s place, else it is removed."""
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        beside.mkdir()
        yield beside
        _replace_folder(beside, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a path beside `target`; when the block ends well it takes `target`'s place, else it is removed."""
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> Path:
    with whole_file(target) as path:
        path.write_text(text, encoding="utf-8")
    return target


def write_json(target: Path, content: Any) -> Path:
    return write_text(target, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"cannot read {path.name}: {error}", where=str(path), mend="run the step that writes it again"
        ) from error


def write_table(target: Path, table: pd.DataFrame) -> Path:
    """Write Parquet; the same table gives the same bytes."""
    with whole_file(target) as path:
        table.to_parquet(path, index=False, compression="zstd")
    return target


def read_table(
    path: Path, columns: list[str] | None = None, filters: list[tuple[str, str, Any]] | None = None
) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=columns, filters=filters)
    except (OSError, ValueError) as error:  # ArrowInvalid is a ValueError
        raise StoreError(
            f"cannot read table {path.name}: {error}",
            where=str(path),
            mend="run the step that writes it again; a landing or snapshot can be collected or read back anew",
        ) from error


def digest_files(folder: Path) -> str:
    """SHA-256 over the names and bytes of all files below `folder`, in name order."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def digest_json(content: Any) -> str:
    """SHA-256 of the canonical JSON form of `content`."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _replace_folder(beside: Path, target: Path) -> None:
    if target.exists():
        # rename cannot replace a folder that has content: move the old one aside first
        old = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
        target.rename(old)
        beside.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        beside.rename(target)


def _sweep(target: Path) -> None:
    """Remove what a killed writer of the same target left behind (callers hold the window's lock)."""
    for left in target.parent.glob(f".{target.name}.*.partial"):
        shutil.rmtree(left, ignore_errors=True)


def _unwritable(target: Path, error: OSError) -> StoreError:
    if isinstance(error, NotADirectoryError | IsADirectoryError | FileExistsError | FileNotFoundError):
        mend = "name another place: there is a file where a folder is meant, or a folder where a file is"
    else:
        mend = "free disk space or mend the permissions, then run the same command again; nothing was half-written"
    return StoreError(f"cannot write {target.name}: {error.strerror or error}", where=str(target.parent), mend=mend)
