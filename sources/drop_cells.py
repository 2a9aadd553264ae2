"""From the cells of a dropped file to typed columns; a cell that cannot be converted is named by file and line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.schema import TIMESTAMP
from sources.connector import SourceFault


@dataclass(frozen=True)
class Sheet:
    """A file's cells: `columns[name][i]` was read at `lines[i]` (a line of text, a row of Parquet)."""

    path: Path
    columns: dict[str, Sequence[Any]]
    lines: Sequence[int]
    unit: str = "line"

    @property
    def rows(self) -> int:
        return len(self.lines)


def convert(sheet: Sheet, column: str, dtype: str) -> pd.Series:
    """The column with the contract's type; raises SourceFault for the first cell that cannot have it."""
    if dtype == TIMESTAMP:
        return _timestamps(sheet, column)
    return _numbers(sheet, column) if dtype == "float64" else _texts(sheet, column)


def _texts(sheet: Sheet, column: str) -> pd.Series:
    cells = [None if _null(cell) else cell for cell in sheet.columns[column]]
    for position, cell in enumerate(cells):
        # True and 1.5 are no identifiers: writing them out would invent one spelling among several
        if cell is not None and (isinstance(cell, bool) or not isinstance(cell, str | int)):
            raise wrong_type(sheet, column, position, "text or a whole number")
    return pd.Series([None if cell is None else str(cell) for cell in cells], dtype="str")


def _numbers(sheet: Sheet, column: str) -> pd.Series:
    values = []
    for position, cell in enumerate(sheet.columns[column]):
        try:
            values.append(math.nan if _null(cell) else _number(cell))
        except (TypeError, ValueError, OverflowError):
            raise wrong_type(sheet, column, position, "a number such as 2.5") from None
    return pd.Series(values, dtype="float64")


def _number(cell: Any) -> float:
    # float() would take "1_000" for a thousand, and True for one
    if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell):
        raise ValueError(cell)
    return float(cell)


def _timestamps(sheet: Sheet, column: str) -> pd.Series:
    cells = pd.Series([None if _null(cell) else cell for cell in sheet.columns[column]], dtype="object")
    numbers = cells.map(lambda cell: isinstance(cell, bool | int | float)).astype(bool)
    # a bare number may be seconds or milliseconds, since 1970 or another day: refuse to guess
    parsed = pd.to_datetime(cells.mask(numbers), utc=True, format="ISO8601", errors="coerce")
    broken = (parsed.isna() & cells.notna()).to_numpy().nonzero()[0]
    if len(broken):
        raise wrong_type(sheet, column, int(broken[0]), "a timestamp such as 2017-10-08T09:30:00Z (no zone means UTC)")
    return parsed.dt.floor("us").dt.as_unit("us")


def wrong_type(sheet: Sheet, column: str, position: int, wanted: str) -> SourceFault:
    shown = repr(sheet.columns[column][position])
    return SourceFault(
        f"column {column} holds {shown if len(shown) < 80 else shown[:77] + '...'}, which is not {wanted}",
        where=f"{sheet.path}, {sheet.unit} {sheet.lines[position]}",
        mend=f"write {wanted} there, or leave the cell empty",
    )


def _null(cell: Any) -> bool:
    return cell is None or cell is pd.NaT or (isinstance(cell, str) and not cell.strip())
