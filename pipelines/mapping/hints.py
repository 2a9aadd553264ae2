"""What a sample suggests about its mapping: fields left out, a calendar that does not fit, why it would not work."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.schema import LANDED
from pipelines.params.shape import Params
from pipelines.windows import Calendar
from sources.connector import TIME
from sources.mapping.columns import strangers
from sources.mapping.spec import TableSpec, rules_of

LOOKS_LIKE = {
    "session_id": ("session", "basket", "order", "visit"),
    "quantity": ("qty", "quantity", "count", "units"),
    "value": ("price", "amount", "total", "revenue", "value"),
    "query": ("query", "search", "keyword", "term"),
    "target_user_id": ("target_user", "followed", "followee", "friend", "recipient"),
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


def unmapped(name: str, spec: TableSpec, columns: list[str]) -> list[str]:
    """Unknown columns whose names suggest a field that nothing is mapped to."""
    taken = set(rules_of(name, spec)) if spec.fields else set(columns)
    return [
        f"column {column} looks like {field_}, which is not mapped"
        for field_, parts in LOOKS_LIKE.items()
        for column in strangers(columns, name, spec)
        if field_ not in taken
        # where a watermark says when rows arrived, a field that does would not be asked
        and (field_ in LANDED[name] or (field_ == "arrived_at" and name == "events" and "watermark" not in spec.rows))
        and any(part in column.casefold() for part in parts)
    ]


def late_start(name: str, rows: pd.DataFrame, calendar: Calendar) -> list[str]:
    """A calendar that begins windows before the first event: a bootstrap stops at a window without events."""
    first = rows[TIME[name]].min()
    if name != "events" or pd.isna(first) or first < pd.Timestamp(calendar.at(1).start):
        return []
    return [
        f"the sample's first event is of {first:%Y-%m-%d}, but the calendar begins on {calendar.first}, and an empty"
        " window stops a bootstrap: set window.first in the mapping"
    ]


def problems_of(tables: dict[str, dict[str, Any]], params: Params) -> list[str]:
    """Why an update could not work on the tables that a check tells of; empty where it could."""
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
        if older := table["times"].get("before_first_window"):
            problems.append(
                f"{name}: rows older than the calendar's first window: {older:,} of {table['rows']:,}; the sample"
                f" begins on {table['times']['first'][:10]}: set window.first in the mapping"
            )
    return problems
