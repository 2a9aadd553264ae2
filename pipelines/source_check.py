"""What a mapping makes of a sample of its source: understood, refused and why, unknown; nothing lands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
from pipelines.errors import SourceError
from pipelines.params import Params
from pipelines.windows import Calendar
from sources.catalogue import open_connector
from sources.connector import TIME, Place, SourceFault
from sources.mapped_files import first_of
from sources.mapping.columns import check_columns, strangers
from sources.mapping.shape import shape_arrow
from sources.mapping.spec import Mapping, TableSpec, read_mapping, rules_of

EXAMPLES = 5
LOOKS_LIKE = {
    "session_id": ("session", "basket", "order", "visit"),
    "quantity": ("qty", "quantity", "count", "units"),
    "value": ("price", "amount", "total", "revenue", "value"),
    "query": ("query", "search", "keyword", "term"),
    "arrived_at": ("received", "arrived", "ingested", "loaded"),
    "title": ("title", "name"),
    "category": ("category", "department"),
    "brand": ("brand", "maker", "manufacturer"),
    "price": ("price",),
    "description": ("description",),
    "image_url": ("image", "picture"),
    "age_band": ("age",),
    "gender": ("gender", "sex"),
    "occupation": ("occupation", "job"),
    "income_band": ("income",),
}
"""Parts of column names that suggest a field of the contract."""


@dataclass
class _Gathered:
    """A table's sample, file by file: shaped rows, columns seen, where from, what was told of them."""

    spec: TableSpec
    rows: list[pa.Table] = field(default_factory=list)
    files: dict[str, None] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)


def check_source(path: Path, drop: Path, params: Params, *, rows: int, say: Callable[[str], None]) -> dict[str, Any]:
    """A report on the first `rows` rows of each table of the mapping `path`.

    Returns `{"mapping", "connector", "window", "tables": {name: ...}, "problems"}`; `problems` are sentences that say
    why an update could not work, none if it could. Raises SourceError when the source cannot be read at all.
    """
    try:
        mapping = read_mapping(path)
        calendar = _calendar(mapping, params)
        place = Place(drop, drop, calendar.origin, calendar.length)
        sample = getattr(open_connector("", place, path), "sample", None)
        if sample is None:
            least = calendar.at(3).name
            raise SourceFault(
                f"a source of kind {mapping.connector} cannot be sampled",
                where=str(path),
                mend=f"try it in a home of its own: TIDEGRAPH_HOME=try tidegraph bootstrap --until {least}",
            )
        gathered = _gather(sample(rows), mapping, calendar, say)
    except SourceFault as fault:
        raise SourceError(fault.what, where=fault.where, mend=fault.mend) from fault
    say("holding the sample against the contract")
    tables = {name: _table(name, each, calendar, params) for name, each in gathered.items()}
    return {
        "mapping": mapping.name,
        "connector": mapping.connector,
        "window": {"first": calendar.first.isoformat(), "days": calendar.length.days},
        "tables": tables,
        "problems": _problems(tables, params),
    }


def _calendar(mapping: Mapping, params: Params) -> Calendar:
    said = mapping.window
    return Calendar(
        (said.first if said else None) or params.window.first, (said.length if said else None) or params.window.length
    )


def _gather(
    samples: Iterable[Any], mapping: Mapping, calendar: Calendar, say: Callable[[str], None]
) -> dict[str, _Gathered]:
    gathered = {name: _Gathered(spec) for name, spec in mapping.tables.items()}
    for sample in samples:
        each, raw = gathered[sample.table], sample.raw
        if sample.places.where not in each.files:
            say(f"reading {sample.table} from {sample.places.where}")
        each.files[sample.places.where] = None
        each.columns |= dict.fromkeys(name for name in raw.column_names if name)
        each.notes |= dict.fromkeys(check_columns(raw.column_names, sample.table, sample.spec, sample.places.where))
        each.rows.append(_shaped(raw, sample, mapping.name, calendar))
    return gathered


def _shaped(raw: pa.Table, sample: Any, source: str, calendar: Calendar) -> pa.Table:
    return shape_arrow(raw, sample.table, sample.spec, source=source, start=calendar.origin, places=sample.places)


def _table(name: str, gathered: _Gathered, calendar: Calendar, params: Params) -> dict[str, Any]:
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
        "hints": [*_hints(name, gathered.spec, columns), *_late_start(name, rows, calendar)],
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


def _hints(name: str, spec: TableSpec, columns: list[str]) -> list[str]:
    """Unknown columns whose names suggest a field that nothing is mapped to."""
    taken = set(rules_of(name, spec)) if spec.fields else set(columns)
    return [
        f"column {column} looks like {field_}, which is not mapped"
        for field_, parts in LOOKS_LIKE.items()
        for column in strangers(columns, name, spec)
        if field_ not in taken
        and (field_ in LANDED[name] or (field_ == "arrived_at" and name == "events"))
        and any(part in column.casefold() for part in parts)
    ]


def _late_start(name: str, rows: pd.DataFrame, calendar: Calendar) -> list[str]:
    """A calendar that begins windows before the first event: a bootstrap stops at a window without events."""
    first = rows[TIME[name]].min()
    if name != "events" or pd.isna(first) or first < pd.Timestamp(calendar.at(1).start):
        return []
    return [
        f"the sample's first event is of {first:%Y-%m-%d}, but the calendar begins on {calendar.first}, and an empty"
        " window stops a bootstrap: set window.first in the mapping"
    ]


def _problems(tables: dict[str, dict[str, Any]], params: Params) -> list[str]:
    problems = []
    for name, table in tables.items():
        share = table["refused"] / table["rows"] if table["rows"] else 0.0
        if name == "events" and not table["rows"]:
            problems.append("there are no events")
        if share > params.validate_.max_refused:
            problems.append(
                f"{name}: {share:.1%} of the rows would be refused; above validate.max_refused ="
                f" {params.validate_.max_refused:.1%} an update stops"
            )
        if table["times"].get("before_first_window"):
            problems.append(
                f"{name}: {table['times']['before_first_window']:,} rows are older than the calendar's first window;"
                f" the sample begins on {table['times']['first'][:10]}: set window.first in the mapping"
            )
    return problems
