"""Repair: cells of quarantined events replaced by those of a file, if the rows then keep every promise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from expectations.events import Before, Limits, check_events
from features.schema import FAULT, TABLES
from pipelines.context import Context
from pipelines.errors import ContractError, SourceError
from pipelines.files import write_text
from pipelines.locks import hold
from pipelines.quarantine.fix_file import read_fix
from pipelines.quarantine.refused import REASONS, REPLAYED, ROW, read_refused, read_repaired, write_repaired
from pipelines.snapshots.accepted import catalogue_before
from pipelines.snapshots.partitions import read_events
from pipelines.windows import Window
from pipelines.wording import counted
from sources.connector import SourceFault
from sources.mapping.shape import shape
from sources.mapping.spec import TableSpec

_SHOWN = 5
_ANY = Limits(max_refused=1.0, outlier_quantile=1.0, max_moments_a_minute=1_000)
"""Rows are judged one by one here, not as a batch."""


def repair(window: str, fix: Path, context: Context) -> dict[str, Any]:
    """Replace cells of the window's quarantined events as `fix` says, all of them or none.

    `fix` (CSV, JSON Lines, Parquet) has a column `row` and those of the contract that change; a row that was repaired
    before, and has not rejoined yet, is changed from what that repair made of it. Raises SourceError for
    what cannot be read, ContractError for rows that still break a promise. Gives `window` and the `rows` repaired.
    """
    with hold(context.path("locks"), "quarantine"):
        refused, done = read_refused(window, context).set_index(ROW), read_repaired(window, context)
        cells = read_fix(fix, refused, done)
        mended = _mend(_latest(refused, done).loc[cells.index], cells, fix)
        _refuse_broken(mended, cells.index.tolist(), context.calendar.window(window), context)
        kept = done[~done[ROW].isin(cells.index)]
        new = mended.drop(columns=FAULT).assign(**{ROW: cells.index, REPLAYED: None}).astype({REPLAYED: "str"})
        _tell_history(window, _changes(refused, done, new, fix.name, context.settings.actor), context)
        write_repaired(pd.concat([kept, new], ignore_index=True), window, context)
    return {"window": window, "rows": [int(row) for row in cells.index]}


def refused_of(events: pd.DataFrame, window: Window, context: Context) -> pd.Series:
    """The reasons, by position, of those of `events` that break a promise of their own in the window they came with."""
    following = context.calendar.at(context.calendar.index(window) + 1)
    ids = [("event_id", "in", events["event_id"].dropna().unique().tolist())]
    columns = ["event_id", "revision"]
    known = read_events(context, context.calendar.before(datetime.now(UTC)), columns=columns, filters=ids)
    checked = check_events(
        events.reset_index(drop=True),
        start=window.start,
        end=window.end,
        earliest=context.calendar.origin,
        before=Before(catalogue_before(following, context), known),
        limits=_ANY,
    )
    return checked.refused["reasons"].map("; ".join).astype("str")


def _latest(refused: pd.DataFrame, done: pd.DataFrame) -> pd.DataFrame:
    """The quarantined events by row number, those repaired before as that repair left them."""
    repaired = done.set_index(ROW)[list(TABLES["events"])]
    return pd.concat([refused.loc[~refused.index.isin(repaired.index), list(TABLES["events"])], repaired])


def _mend(rows: pd.DataFrame, cells: pd.DataFrame, fix: Path) -> pd.DataFrame:
    """The rows with the cells that `fix` gives, read as a connector would read them."""
    raw = {}
    for name in TABLES["events"]:
        column = cells[name] if name in cells else rows[name]
        raw[name] = pa.array([_text(cell) for cell in column], pa.string())
    try:
        return shape(pa.table(raw), "events", TableSpec(), source=fix.name, start=datetime.now(UTC))
    except SourceFault as fault:
        raise SourceError(fault.what, where=str(fix), mend=fault.mend) from fault


def _text(cell: Any) -> str | None:
    if pd.isna(cell):
        return None
    return (
        cell.isoformat() if isinstance(cell, pd.Timestamp) else f"{cell:.17g}" if isinstance(cell, float) else str(cell)
    )


def _refuse_broken(mended: pd.DataFrame, rows: list[int], window: Window, context: Context) -> None:
    reasons = refused_of(mended, window, context)
    if len(reasons):
        places = reasons.index[:_SHOWN]
        faults = mended[FAULT].to_dict()
        told = {place: f"; {faults[place]}" if isinstance(faults[place], str) else "" for place in places}
        shown = [f"row {rows[place]}: {reasons[place]}{told[place]}" for place in places]
        verb = "breaks" if len(reasons) == 1 else "break"
        raise ContractError(
            f"{len(reasons)} of {counted(len(mended), 'row')} still {verb} a promise: {' | '.join(shown)}",
            where=f"the rows of --fix{', and more' if len(reasons) > _SHOWN else ''}",
            mend="mend them too, or leave them out; nothing was repaired",
        )


def _tell_history(window: str, changes: Iterable[dict[str, Any]], context: Context) -> None:
    lines = [json.dumps(change, ensure_ascii=False) for change in changes]
    if lines:
        path = context.path("repairs", window, "history.jsonl")
        told = path.read_text(encoding="utf-8") if path.is_file() else ""
        write_text(path, told + "".join(f"{line}\n" for line in lines))


def _changes(
    refused: pd.DataFrame, done: pd.DataFrame, new: pd.DataFrame, file: str, actor: str
) -> Iterator[dict[str, Any]]:
    """What this repair makes of each row, against its last repair or, for the first one, against the refused row.

    A row that was repaired to the same cells before is left out: nothing became of it.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    repaired, others = done.set_index(ROW).to_dict("index"), refused.to_dict("index")
    for row, mended in new.set_index(ROW).to_dict("index").items():
        old = repaired.get(row) or others[row]
        cells = [(name, _text(old[name]), _text(mended[name])) for name in TABLES["events"]]
        before = {name: was for name, was, becomes in cells if was != becomes}
        after = {name: becomes for name, was, becomes in cells if was != becomes}
        if before or row not in repaired:
            yield {
                "at": at, "actor": actor, "file": file, "row": int(str(row)), "reasons": others[row][REASONS],
                "before": before, "after": after,
            }  # fmt: skip
