"""CSV and its like, batch by batch: every cell as text, for the mapping to read; a ragged row is a fault of its own."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from sources.connector import SourceFault
from sources.mapping.columns import DELIMITERS
from sources.mapping.faults import Places, shown

if TYPE_CHECKING:
    from sources.drops.readers import FileRows

BLOCK_BYTES = 16 << 20
"""So much is parsed at a time; no row may be longer."""

Opener = Callable[[], IO[bytes]]


def read_csv(path: Path, open_: Opener, rows: FileRows) -> Iterator[tuple[pa.Table, Places]]:
    """The cells of `path` as texts, empty ones null; a ragged row comes as nulls with its text as a fault."""
    names = list(rows.columns) or _header(path, open_, rows)
    ragged: list[pv.InvalidRow] = []

    def keep(row: pv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    with _Quotes(open_(), rows.quote, rows.encoding) as stream:
        numbers = _Numbers(path.name, ragged, first=1 if rows.columns else 2)
        try:
            yield pa.table({name: pa.array([], pa.string()) for name in names}), Places(path.name, range(0), "row")
            for batch in _open(stream, names, rows, keep):
                yield numbers.placed(pa.Table.from_batches([batch]))
            yield numbers.rest(names)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise _broken(path, open_, rows, error) from error
        if stream.odd:
            _check_quotes(path, open_, rows)


def _open(
    stream: _Quotes, names: list[str], rows: FileRows, keep: Callable[[pv.InvalidRow], str]
) -> Iterator[pa.Table]:
    nulls = ["", *rows.nulls]
    try:
        yield from pv.open_csv(
            pa.PythonFile(stream, "r"),
            pv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                encoding="utf8" if rows.encoding == "utf-8" else rows.encoding,
                column_names=names,
                skip_rows_after_names=0 if rows.columns else 1,
            ),
            pv.ParseOptions(
                delimiter=rows.delimiter,
                quote_char=rows.quote or False,
                newlines_in_values=bool(rows.quote),
                invalid_row_handler=keep,
            ),
            pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=nulls,
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):  # as a file without a header and without rows may be
            raise


class _Quotes(io.RawIOBase):
    """Passes bytes on and counts quotes: when their number is odd, one of them may never have been closed.

    With `encoding`, bytes that make no character raise UnicodeDecodeError: Arrow would drop a ragged row with such.
    """

    def __init__(self, stream: IO[bytes], quote: str | None, encoding: str | None = None) -> None:
        self._stream, self._quote, self._seen = stream, (quote or "").encode(), 0
        self._decoder = codecs.getincrementaldecoder(encoding)() if encoding else None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size) if size >= 0 else self._stream.read()
        self._seen += block.count(self._quote) if self._quote else 0
        if self._decoder is not None:
            self._decoder.decode(block, final=not block)
        return block

    def readinto(self, buffer: Any) -> int:
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()

    @property
    def odd(self) -> bool:
        return bool(self._seen % 2)


class _Numbers:
    """Finds each good row's number in the file, between the ragged ones, and puts those back as faults."""

    def __init__(self, where: str, ragged: list[pv.InvalidRow], *, first: int) -> None:
        self._where, self._ragged, self._next = where, ragged, first

    def placed(self, table: pa.Table) -> tuple[pa.Table, Places]:
        spoilt = np.array([row.number for row in self._ragged], int)
        counted = np.arange(self._next, self._next + len(table) + len(spoilt))
        good = np.setdiff1d(counted, spoilt, assume_unique=True)[: len(table)]
        if len(good):
            self._next = int(good[-1]) + 1
        return self._with(table, good, [row for row in self._ragged if row.number < self._next])

    def rest(self, names: list[str]) -> tuple[pa.Table, Places]:
        """The ragged rows after the last good one."""
        return self._with(
            pa.table({name: pa.array([], pa.string()) for name in names}), np.array([], int), self._ragged
        )

    def _with(self, table: pa.Table, good: np.ndarray, spoilt: list[pv.InvalidRow]) -> tuple[pa.Table, Places]:
        faults = {len(table) + position: _told(row) for position, row in enumerate(spoilt)}
        numbers = np.concatenate([good, np.array([row.number for row in spoilt], int)])
        nulls = pa.table({name: pa.nulls(len(spoilt), pa.string()) for name in table.column_names})
        self._ragged[:] = [row for row in self._ragged if row not in spoilt]
        return pa.concat_tables([table, nulls]), Places(self._where, numbers, "row", faults)


def _told(row: pv.InvalidRow) -> str:
    cells = f"{row.actual_columns} cell{'s' if row.actual_columns != 1 else ''}"
    names = f"{row.expected_columns} column name{'s' if row.expected_columns != 1 else ''}"
    return f"row: {cells} under {names}: {shown(row.text)}{_parted(row)}"


def _parted(row: pv.InvalidRow) -> str:
    """A guess at the delimiter where a row is a single cell, and another one would make as many as there are names."""
    found = [each for each in DELIMITERS if row.text.count(each) == row.expected_columns - 1]
    return f" (delimited by {DELIMITERS[found[0]]}?)" if row.actual_columns == 1 and found else ""


def _header(path: Path, open_: Opener, rows: FileRows) -> list[str]:
    with open_() as stream:
        try:
            names = [name.strip() for name in next(_reader(stream, rows), [])]
        except (csv.Error, UnicodeError) as error:
            raise _broken(path, open_, rows, error) from error
    if not any(names):
        raise SourceFault(
            f"{path.name} has no header",
            where=f"{path}, line 1",
            mend="write the column names on the first line, even for a file without rows, or name them in a mapping",
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceFault(
            f"{path.name} names column {twice[0]!r} more than once",
            where=f"{path}, line 1",
            mend="give each column a name of its own",
        )
    return names


def _reader(stream: IO[bytes], rows: FileRows) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    encoding = "utf-8-sig" if rows.encoding == "utf-8" else rows.encoding
    text = io.TextIOWrapper(io.BufferedReader(_Quotes(stream, None)), encoding, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if rows.quote else csv.QUOTE_NONE
    return csv.reader(text, delimiter=str(rows.delimiter), quotechar=rows.quote, quoting=quoting, strict=True)


def _check_quotes(path: Path, open_: Opener, rows: FileRows) -> None:
    """Raises SourceFault at the first quote that is not closed, which would swallow all rows after it."""
    with open_() as stream:
        reader = _reader(stream, rows)
        try:
            for _ in reader:
                pass
        except csv.Error as error:
            raise SourceFault(
                f"{path.name} is no CSV: {error}",
                where=f"{path}, line {reader.line_num}",  # type: ignore[attr-defined]
                mend="mend the quotes on that line, or drop the file anew",
            ) from error


def _broken(path: Path, open_: Opener, rows: FileRows, error: Exception) -> SourceFault:
    place = _undecodable(open_, rows.encoding)
    if place is not None:
        offset, line, byte = place
        return SourceFault(
            f"{path.name} is not {rows.encoding.upper()}: byte 0x{byte:02x} makes no character",
            where=f"{path}, byte {offset}, line {line}",
            mend="save the file as UTF-8, or name its encoding in a mapping",
        )
    if isinstance(error, csv.Error) and "expected after" in str(error):
        return SourceFault(
            f"{path.name} is no CSV: after a cell in quotes comes something else than {rows.delimiter!r}",
            where=str(path),
            mend="set `delimiter` in the mapping to what parts the cells, or mend the quotes",
        )
    reason = "a row is longer than 16 MB" if "straddl" in str(error) else str(error).splitlines()[0][:200]
    return SourceFault(
        f"{path.name} is no CSV: {reason}",
        where=str(path),
        mend="mend the quotes and the delimiter, or drop the file anew",
    )


def _undecodable(open_: Opener, encoding: str) -> tuple[int, int, int] | None:
    """Offset, line and value of the first byte that makes no character."""
    offset = 0
    with open_() as stream:
        for number, line in enumerate(io.BufferedReader(_Quotes(stream, None)), start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return offset + error.start, number, line[error.start]
            offset += len(line)
    return None
