"""Quarantine: the rows that validation refused, with their reasons, and what became of them since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.schema import TABLES
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_table, write_table

ROW, REASONS = "row", "reasons"
"""Of a quarantined row: its number in the window's landing, from 0, and every promise it broke."""
REPLAYED = "replayed"
"""Of a repaired row: the window with which it rejoins; null while it waits for `replay`."""


@dataclass(frozen=True)
class Holding:
    """How many rows of a window's table are quarantined, why, and how many are repaired or have rejoined."""

    window: str
    table: str
    rows: int
    repaired: int
    replayed: int
    reasons: dict[str, int]


def list_holdings(context: Context, window: str | None = None) -> list[Holding]:
    """What is in quarantine, by window and table; of all windows or of one."""
    folders = sorted(path for path in context.path("quarantine").glob(window or "*") if path.name[0] != ".")
    held = [(folder.name, table) for folder in folders for table in TABLES if (folder / f"{table}.parquet").is_file()]
    return [_holding(name, table, context) for name, table in held]


def read_refused(window: str, context: Context, table: str = "events") -> pd.DataFrame:
    """The quarantined rows of a window: those of its landing, with `row` and `reasons`. Raises StoreError for none."""
    path = context.path("quarantine", window, f"{table}.parquet")
    if not path.is_file():
        raise StoreError(
            f"no {table} of window {window} are quarantined",
            where=str(path.parent),
            mend="`tidegraph quarantine list` shows the windows that have some",
        )
    rows = read_table(path)
    if ROW not in rows:
        raise StoreError(
            f"the quarantine of window {window} was written by an older version, which did not number its rows",
            where=str(path),
            mend=f"run `tidegraph step validate --window {window}` once more",
        )
    return rows


def read_repaired(window: str, context: Context) -> pd.DataFrame:
    """The repaired events of a window: accepted columns, `row` and `replayed`; without rows where there are none."""
    path = _repaired_path(window, context)
    if path.is_file():
        return read_table(path)
    types = {**TABLES["events"], ROW: "int64", REPLAYED: "str"}
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in types.items()})


def write_repaired(repaired: pd.DataFrame, window: str, context: Context) -> None:
    write_table(_repaired_path(window, context), repaired.sort_values(ROW, ignore_index=True))


def promises_of(reasons: str) -> list[str]:
    """The names of the promises in a row's reasons."""
    return [reason.split(":")[0] for reason in reasons.split("; ") if ":" in reason]


def _holding(window: str, table: str, context: Context) -> Holding:
    rows = read_table(context.path("quarantine", window, f"{table}.parquet"))
    repaired = read_repaired(window, context) if table == "events" else rows.iloc[:0].assign(**{REPLAYED: None})
    counts: Counter[str] = Counter(name for reasons in rows[REASONS] for name in promises_of(reasons))
    replayed = int(repaired[REPLAYED].notna().sum())
    return Holding(window, table, len(rows), len(repaired) - replayed, replayed, dict(counts.most_common()))


def _repaired_path(window: str, context: Context) -> Path:
    return context.path("repairs", window, "events.parquet")
