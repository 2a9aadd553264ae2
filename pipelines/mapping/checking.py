"""What a mapping makes of a sample of its source: understood, refused and why, unknown; nothing lands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from expectations.events import Before, Limits, check_events
from expectations.items import check_items
from expectations.users import check_users
from expectations.validation import Validation
from features.schema import FAULT, LANDED, empty
from pipelines.mapping.hints import late_start, problems_of, unmapped
from pipelines.mapping.sampling import Gathered, take_samples
from pipelines.params.shape import Params
from pipelines.windows import Calendar
from sources.connector import TIME
from sources.mapped_files import first_of
from sources.mapping.columns import strangers
from sources.mapping.spec import TableSpec, rules_of

EXAMPLES = 5


def check_source(path: Path, drop: Path, params: Params, *, rows: int, say: Callable[[str], None]) -> dict[str, Any]:
    """A report on the first `rows` rows of each table of the mapping `path`.

    Returns `{"mapping", "connector", "window", "tables": {name: ...}, "problems"}`; `problems` are sentences that say
    why an update could not work, none if it could. Raises SourceError when the source cannot be read at all.
    """
    taken = take_samples(path, drop, params, rows=rows, say=say)
    mapping, calendar = taken.mapping, taken.calendar
    say("holding the sample against the contract")
    tables = {name: _table(name, each, calendar, params) for name, each in taken.tables.items()}
    return {
        "mapping": mapping.name,
        "connector": mapping.connector,
        "window": {"first": calendar.first.isoformat(), "days": calendar.length.days},
        "tables": tables,
        "problems": problems_of(tables, params),
    }


def _table(name: str, gathered: Gathered, calendar: Calendar, params: Params) -> dict[str, Any]:
    rows = empty(name, LANDED)
    if gathered.rows:
        rows = first_of(pa.concat_tables(gathered.rows), gathered.spec.once).to_pandas()
    check = _held(name, rows, calendar, params)
    columns = list(gathered.columns)
    return {
        "files": list(gathered.files),
        "rows": len(rows),
        "fields": _fields(name, gathered.spec, columns, rows),
        "event_types": rows["event_type"].value_counts().to_dict() if name == "events" else {},
        "times": _times(rows[TIME[name]], calendar),
        "refused": len(check.refused),
        "reasons": check.counts(),
        "examples": _examples(rows, check),
        "notes": list(gathered.notes),
        "unknown": strangers(columns, name, gathered.spec),
        "hints": [*unmapped(name, gathered.spec, columns), *late_start(name, rows, calendar)],
    }


def _held(name: str, rows: pd.DataFrame, calendar: Calendar, params: Params) -> Validation:
    """The sample against the contract, as if all of it arrived in one window from the calendar's start on."""
    latest = rows[TIME[name]].max()
    end = calendar.origin + calendar.length
    if not pd.isna(latest) and latest >= end:
        end = latest.to_pydatetime() + timedelta(microseconds=1)
    landed = rows[list(LANDED[name])]
    bounds: dict[str, Any] = {"start": calendar.origin, "end": end, "max_refused": 1.0}
    if name == "items":
        return check_items(landed, **bounds)
    if name == "users":
        return check_users(landed, **bounds)
    before = Before(frozenset(rows["item_id"].dropna()), empty("events"))
    asked = params.validate_
    limits = Limits(1.0, asked.outlier_quantile, asked.max_moments_a_minute)
    return check_events(landed, start=calendar.origin, end=end, earliest=calendar.origin, before=before, limits=limits)


def _fields(name: str, spec: TableSpec, columns: list[str], rows: pd.DataFrame) -> list[dict[str, Any]]:
    fields = []
    for field_, rule in rules_of(name, spec).items():
        chosen = rule.among(columns)
        if spec.fields or set(chosen.columns) <= set(columns):
            origin = ", ".join(chosen.columns) if chosen.columns else f"always {rule.constant!r}"
            known = rows[field_].dropna()
            fields.append(
                {
                    "field": field_,
                    "from": origin,
                    "null_share": round(float(rows[field_].isna().mean()), 4) if len(rows) else 0.0,
                    "example": str(known.iloc[0])[:40] if len(known) else "",
                }
            )
    return fields


def _times(times: pd.Series, calendar: Calendar) -> dict[str, Any]:
    known = times.dropna()
    if not len(known):
        return {}
    first, last = known.min(), known.max()
    indexes = (known - pd.Timestamp(calendar.origin)) // pd.Timedelta(calendar.length)
    return {
        "first": f"{first:%Y-%m-%d %H:%M:%S} UTC",
        "last": f"{last:%Y-%m-%d %H:%M:%S} UTC",
        "windows": int(indexes[indexes >= 0].nunique()),
        "before_first_window": int((indexes < 0).sum()),
    }


def _examples(rows: pd.DataFrame, check: Validation) -> list[str]:
    """Some refused rows with why: those that could not be read first, since they name their cells."""
    refused = check.refused["reasons"].map("; ".join)
    faults = rows.loc[refused.index, FAULT]
    told = [fault if isinstance(fault, str) else reason for fault, reason in zip(faults, refused, strict=True)]
    order = sorted(range(len(told)), key=lambda position: not isinstance(faults.iloc[position], str))
    return list(dict.fromkeys(told[position] for position in order))[:EXAMPLES]
