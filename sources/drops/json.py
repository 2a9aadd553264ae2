"""JSON Lines, batch by batch: one object a line; a line that is none is a fault of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from sources.connector import SourceFault
from sources.mapping.faults import Places, shown
from sources.mapping.records import to_table

BATCH_ROWS, BATCH_BYTES = 65_536, 16 << 20


def read_jsonl(
    path: Path, open_: Callable[[], IO[bytes]], encoding: str, *, entire: Collection[str] = ()
) -> Iterator[tuple[pa.Table, Places]]:
    """The objects of `path`; a batch has the columns of all batches before it, and those that are new.

    Objects within them are taken apart to dotted names, but for those under a name in `entire`.
    """
    names: dict[str, None] = {}
    with open_() as stream:
        for numbers, lines in _batches(stream):
            records: list[dict[str, Any]] = []
            faults: dict[int, str] = {}
            for number, line in zip(numbers, lines, strict=True):
                record = _record(_decoded(path, line, number, encoding))
                if record is None:
                    faults[len(records)] = f"line: {shown(line.decode(encoding).strip())} is no JSON object"
                records.append(record or {})
            table = to_table(records, list(names), entire=entire)
            names |= dict.fromkeys(table.column_names)
            yield table, Places(path.name, numbers, faults=faults)


def _batches(stream: IO[bytes]) -> Iterator[tuple[list[int], list[bytes]]]:
    """Lines that are not blank, with their numbers; one batch at least."""
    numbers: list[int] = []
    lines: list[bytes] = []
    size, told = 0, False
    for number, line in enumerate(_lines(stream), start=1):
        if not line.strip():
            continue
        numbers.append(number)
        lines.append(line)
        size += len(line)
        if len(lines) == BATCH_ROWS or size > BATCH_BYTES:
            yield numbers, lines
            numbers, lines, size, told = [], [], 0, True
    if lines or not told:
        yield numbers, lines


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []  # of a line that goes on in the next block
    while block := stream.read(1 << 20):
        head, *more = block.split(b"\n")
        rest.append(head)
        if more:
            yield from chain([b"".join(rest)], more[:-1])
            rest = [more[-1]]
    yield b"".join(rest)


def _decoded(path: Path, line: bytes, number: int, encoding: str) -> str:
    try:
        return line.decode("utf-8-sig" if encoding == "utf-8" and number == 1 else encoding)
    except UnicodeDecodeError as error:
        raise SourceFault(
            f"{path.name} is not {encoding.upper()}: byte 0x{line[error.start]:02x} makes no character",
            where=f"{path}, line {number}",
            mend="save the file as UTF-8, or name its encoding in a mapping",
        ) from error


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
