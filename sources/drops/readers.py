"""Reading one file, CSV, JSON Lines or Parquet, batch by batch; what cannot be read of it is named by its place."""

from __future__ import annotations

import codecs
import lzma
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, field_validator

from sources.connector import SourceFault
from sources.drops.csv import read_csv
from sources.drops.json import read_jsonl
from sources.mapping.faults import Places
from sources.mapping.rules import Section

Batch = tuple[pa.Table, Places]

COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".xz": "xz"}
KINDS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
BATCH_ROWS = 131_072


class FileRows(Section):
    """What a mapping says of a table's files: `paths` are globs below the drop folder and may hold `{window}`.

    `columns` names the columns of a file without a header; cells in `nulls` are empty. The rest defaults to what the
    suffix says.
    """

    paths: tuple[str, ...] = Field(min_length=1)
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quote: str | None = Field(default='"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, given: str) -> str:
        try:
            return codecs.lookup(given).name
        except LookupError:
            raise ValueError(f"{given!r} is no encoding; write one such as utf-8 or latin-1") from None

    @field_validator("paths")
    @classmethod
    def _below_the_drop(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in given:
            if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
                raise ValueError(f"{pattern!r} must be a path below the drop folder")
        if len({"{window}" in pattern for pattern in given}) > 1:
            raise ValueError("either all paths hold {window}, or none does")
        return given

    @property
    def by_window(self) -> bool:
        """Whether each file belongs to the window that its path names."""
        return "{window}" in self.paths[0]


def read_batches(path: Path, rows: FileRows, *, entire: Collection[str] = ()) -> Iterator[Batch]:
    """The rows of `path` as they stand there, at least one batch, each with the places of its rows.

    Nested objects are taken apart to columns with dotted names, but for those under a name in `entire`.
    Raises SourceFault for what concerns the file as a whole; a row that cannot be taken apart is a fault of its own.
    """
    kind, compression = _kind(path, rows)
    try:
        if kind == "parquet":
            yield from _read_parquet(path, entire)
        elif kind == "jsonl":
            yield from read_jsonl(path, _opener(path, compression), rows.encoding, entire=entire)
        else:
            yield from read_csv(path, _opener(path, compression), _delimited(kind, rows))
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise SourceFault(
            f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            mend="mend the file or its permissions, or drop it anew",
        ) from error


def _kind(path: Path, rows: FileRows) -> tuple[str, str | None]:
    """What the file is, and how it is compressed."""
    compression = COMPRESSIONS.get(path.suffix.lower())
    inner = Path(path.stem) if compression else path
    kind = rows.format or KINDS.get(inner.suffix.lower())
    if kind is None or (kind == "parquet" and compression):
        raise SourceFault(
            f"{path.name} is of an unknown kind",
            where=str(path),
            mend=f"write it as one of {', '.join(KINDS)} (text also as {', '.join(COMPRESSIONS)}), name its `format` in"
            " a mapping, or take it out of the folder",
        )
    return kind, compression


def _delimited(kind: str, rows: FileRows) -> FileRows:
    return rows if rows.delimiter else rows.model_copy(update={"delimiter": "\t" if kind == "tsv" else ","})


def _opener(path: Path, compression: str | None) -> Callable[[], IO[bytes]]:
    """Opens the file's bytes, decompressed; they may be asked for more than once."""

    def open_() -> Any:
        if compression == "xz":
            return lzma.open(path)
        return pa.input_stream(str(path), compression=compression)

    return open_


def _read_parquet(path: Path, entire: Collection[str]) -> Iterator[Batch]:
    try:
        # a file, not a dataset: the folder's own name, such as domain=x, must not become a column
        with pq.ParquetFile(path) as file:
            yield _flat(path, file.schema_arrow.empty_table(), entire), Places(path.name, range(0), "row")
            first = 1
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                batch.validate(full=True)
                table = _flat(path, pa.Table.from_batches([batch]), entire)
                yield table, Places(path.name, range(first, first + len(table)), "row")
                first += len(table)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceFault(
            f"{path.name} is no whole Parquet file: {_short(error)}",
            where=f"{path}, {path.stat().st_size} bytes",
            mend="it was probably cut off while it was copied: drop it anew",
        ) from error


def _flat(path: Path, table: pa.Table, entire: Collection[str]) -> pa.Table:
    while nested := [
        i for i, each in enumerate(table.schema) if pa.types.is_struct(each.type) and each.name not in entire
    ]:
        position = nested[0]
        parts = table.select([position]).flatten()
        table = table.remove_column(position)
        for name, part in reversed(list(zip(parts.column_names, parts.columns, strict=True))):
            table = table.add_column(position, name, part)
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise SourceFault(
            f"{path.name} names column {twice[0]!r} more than once",
            where=str(path),
            mend="give each column a name of its own",
        )
    return table


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
