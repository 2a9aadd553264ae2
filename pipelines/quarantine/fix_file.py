"""The file that `tidegraph quarantine repair --fix` takes: cells by row number, or an error that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.schema import FAULT, TABLES
from pipelines.errors import SourceError
from pipelines.quarantine.refused import REASONS, REPLAYED, ROW
from sources.connector import SourceFault
from sources.drops.readers import Batch, FileRows, read_batches
from sources.mapping.columns import DELIMITERS, delimiter_of

_START = "start from `tidegraph quarantine show WINDOW --csv FILE`"
_SAVE = f"save it as CSV with commas, JSON Lines or Parquet, in UTF-8; or {_START}"
_COLUMNS = f"{_START}, keep the column `row`, mend the others"


def read_fix(fix: Path, refused: pd.DataFrame, done: pd.DataFrame) -> pd.DataFrame:
    """The cells of `fix` as they stand there, by row number, in the contract's columns that it has.

    `refused` are the window's quarantined events by row number, `done` those repaired before. Raises SourceError.
    """
    cells = _read(fix)
    if ROW not in cells:
        raise _without_rows(fix, list(cells.columns))
    strange = [name for name in cells.columns if name not in (ROW, REASONS, FAULT, *TABLES["events"])]
    rows = pd.to_numeric(cells[ROW], errors="coerce")
    problem = f"the contract has no column {strange[0]!r}" if strange else _problem(cells[ROW], rows, refused, done)
    if problem:
        raise _unusable(fix, problem, mend=_COLUMNS)
    named = [name for name in cells.columns if name in TABLES["events"]]
    return cells[named].set_axis(rows.astype("int64"), axis="index")


def _read(fix: Path) -> pd.DataFrame:
    if not fix.is_file():
        what = "is a folder" if fix.is_dir() else "is no file" if fix.exists() else "does not exist"
        raise SourceError(f"{fix.name} {what}", where=str(fix), mend=f"name the file with the mended rows; {_START}")
    try:
        batches = list(read_batches(fix, FileRows(paths=(fix.name,))))
    except SourceFault as fault:
        # the reader's own advice is for files that a mapping describes
        raise SourceError(fault.what, where=fault.where, mend=_SAVE) from fault
    _refuse_ragged(fix, batches)
    return pa.concat_tables([table for table, _ in batches], promote_options="permissive").to_pandas()


def _refuse_ragged(fix: Path, batches: list[Batch]) -> None:
    """Raises SourceError for the first line that could not be taken apart."""
    for _, places in batches:
        for position, told in places.faults.items():
            number = places.of(position).removeprefix(f"{places.where}, ")
            raise SourceError(
                f"{fix.name} cannot be used: {told.split(': ', 1)[1]}",
                where=f"{fix}, {number}",
                mend="give it as many cells as there are column names, and put quotes around a cell with a comma in it"
                if number.startswith("row")
                else "write one JSON object on that line",
            )


def _without_rows(fix: Path, columns: list[str]) -> SourceError:
    delimiter = delimiter_of(columns, ROW)
    if delimiter:
        called = DELIMITERS[delimiter]
        return _unusable(fix, f"it has no column `row`: its header looks delimited by {called}", mend=_SAVE)
    return _unusable(fix, "it has no column `row`", mend=_COLUMNS)


def _problem(told: pd.Series, rows: pd.Series, refused: pd.DataFrame, done: pd.DataFrame) -> str:
    if rows.empty:
        return "it has no rows"
    if rows.isna().any():
        first = told[rows.isna()].iloc[0]
        return f"not every `row` is a number: {'one is empty' if pd.isna(first) else repr(first)}"
    if rows.duplicated().any():
        return f"row {rows[rows.duplicated()].iloc[0]:g} comes twice"
    gone = set(done.loc[done[REPLAYED].notna(), ROW])
    for row in rows:
        if row not in refused.index:
            return f"row {row:g} is not quarantined"
        if row in gone:
            return f"row {row:g} has rejoined its window already"
    return ""


def _unusable(fix: Path, problem: str, *, mend: str) -> SourceError:
    return SourceError(f"{fix.name} cannot be used: {problem}", where=str(fix), mend=mend)
