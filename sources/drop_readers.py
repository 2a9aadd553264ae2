"""Reading one dropped file, CSV, JSON Lines or Parquet, into a Sheet; what cannot be read is named by its place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sources.connector import SourceFault
from sources.drop_cells import Sheet


def read_sheet(path: Path) -> Sheet:
    """The cells of `path`; its suffix says what it is. Raises SourceFault."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceFault(
            f"{path.name} is of an unknown kind",
            where=str(path),
            mend=f"write it as one of {', '.join(READERS)}, or take it out of the folder",
        )
    try:
        return reader(path)
    except OSError as error:
        raise SourceFault(
            f"{path.name} cannot be read: {error.strerror or error}",
            where=str(path),
            mend="mend the file or its permissions, or drop it anew",
        ) from error


def _read_csv(path: Path) -> Sheet:
    reader = csv.reader(io.StringIO(_decode(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header)
        rows, lines = [], []
        for row in reader:
            if row:  # a blank line is no row
                _check_width(path, header, row, reader.line_num)
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise SourceFault(
            f"{path.name} is no CSV: {error}",
            where=f"{path}, line {reader.line_num}",
            mend="mend the quotes on that line, or drop the file anew",
        ) from error
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    return Sheet(path, dict(zip(header, columns, strict=True)), lines)


def _check_header(path: Path, header: list[str]) -> None:
    if not any(header):
        raise SourceFault(
            f"{path.name} has no header",
            where=f"{path}, line 1",
            mend="write the column names of the event contract on the first line, even for a file without rows",
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceFault(
            f"{path.name} names column {twice[0]!r} more than once",
            where=f"{path}, line 1",
            mend="give each column a name of its own",
        )


def _check_width(path: Path, header: list[str], row: list[str], line: int) -> None:
    if len(row) != len(header):
        raise SourceFault(
            f"{path.name} is ragged: {len(row)} cells under {len(header)} column names",
            where=f"{path}, line {line}",
            mend="give the line one cell a column; quote cells that hold a comma",
        )


def _read_jsonl(path: Path) -> Sheet:
    records: list[dict[str, Any]] = []
    lines = []
    for number, line in enumerate(_decode(path).split("\n"), start=1):
        if line.strip():
            records.append(_record(path, line, number))
            lines.append(number)
    names = dict.fromkeys(name for record in records for name in record)
    return Sheet(path, {name: [record.get(name) for record in records] for name in names}, lines)


def _record(path: Path, line: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SourceFault(
            f"{path.name} holds broken JSON: {error}",
            where=f"{path}, line {number}",
            mend="write one whole JSON object a line",
        ) from error
    if not isinstance(record, dict):
        raise SourceFault(
            f"{path.name} holds {type(record).__name__} where an object should be",
            where=f"{path}, line {number}",
            mend='write one JSON object a line, such as {"user_id": "7", ...}',
        )
    return record


def _read_parquet(path: Path) -> Sheet:
    try:
        # a file, not a dataset: the folder's own name, such as domain=x, must not become a column
        table = pq.ParquetFile(path).read()
        columns = {name: table[name].to_pylist() for name in table.column_names}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, ValueError) as error:
        raise SourceFault(
            f"{path.name} is no whole Parquet file: {error}",
            where=f"{path}, {path.stat().st_size} bytes",
            mend="it was probably cut off while it was copied: drop it anew",
        ) from error
    return Sheet(path, columns, range(1, table.num_rows + 1), unit="row")


def _decode(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceFault(
            f"{path.name} is not UTF-8: byte 0x{content[error.start]:02x} makes no character",
            where=f"{path}, byte {error.start}, line {line}",
            mend="save the file as UTF-8",
        ) from error


READERS: dict[str, Callable[[Path], Sheet]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
