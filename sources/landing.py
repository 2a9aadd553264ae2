"""From raw rows of a live system to a window's tables: shaped in chunks, cut at the window's edges, in one order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

import pandas as pd
import pyarrow as pa

from features.schema import EXTRAS, FAULT, LANDED, TABLES, empty
from sources.connector import ORDER, Tables, sort_table
from sources.mapping.shape import shape
from sources.mapping.spec import Mapping, TableSpec


class MappedTable:
    """One table of a mapping, and how its raw rows become rows of the landing."""

    def __init__(self, name: str, spec: TableSpec, source: str, first_start: datetime) -> None:
        self.name, self.spec, self.source, self.first_start = name, spec, source, first_start

    def shaped(self, raw: pa.Table, start: datetime) -> pd.DataFrame:
        """One landed row for each raw row, in raw order; with `arrived_at` where the mapping has it."""
        return shape(raw, self.name, self.spec, source=self.source, start=start)

    def within(self, rows: pd.DataFrame, start: datetime, end: datetime, *, column: str) -> pd.DataFrame:
        """The rows whose time in `column` lies in `[start, end)`.

        A row whose time cannot be read belongs to the first window, so that it is refused once and not lost; so does,
        of users and items, a row that is older than all windows.
        """
        first, times = start == self.first_start, rows[column]
        inside = (times >= pd.Timestamp(start)) & (times < pd.Timestamp(end))
        if first:
            inside |= times.isna()
        if first and self.name != "events":
            inside |= times < pd.Timestamp(start)
        return rows[inside]

    def joined(self, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """All parts as one table of the contract, in an order that does not depend on the order of the rows."""
        frames = [part[list(LANDED[self.name])] for part in parts if len(part)]
        rows = ordered(pd.concat(frames, ignore_index=True) if frames else empty(self.name, LANDED), self.name)
        return rows.drop_duplicates(list(self.spec.once), ignore_index=True) if self.spec.once else rows


def mapped_tables(mapping: Mapping, first_start: datetime) -> dict[str, MappedTable]:
    return {name: MappedTable(name, spec, mapping.name, first_start) for name, spec in mapping.tables.items()}


def ordered(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """`rows` by time and id; rows that share both, by all they hold."""
    keys = list(ORDER[table])
    tied = rows.duplicated(keys).any()
    return sort_table(rows, *keys, *(name for name in rows.columns if tied and name not in keys))


def as_tables(frames: dict[str, pd.DataFrame]) -> Tables:
    """The tables of a window, those that the mapping leaves out empty; columns outside the contract are told."""
    notes = tuple(note for name, rows in frames.items() for note in _strangers(name, rows))
    return Tables(**{name: frames.get(name, empty(name, LANDED)) for name in TABLES}, notes=notes)


def _strangers(table: str, rows: pd.DataFrame) -> Iterator[str]:
    told = rows.loc[rows[FAULT].isna(), EXTRAS].dropna().unique()
    names = sorted({key for cell in told for key in json.loads(cell)})
    if names:
        yield f"{table}: kept in {EXTRAS}, for the mapping does not name them: {', '.join(names)}"
