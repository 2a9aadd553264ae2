"""Validate: landing rows become accepted or quarantined rows; a broken CRITICAL promise of the batch stops the run."""

from __future__ import annotations

from typing import Any

import pandas as pd

from expectations.events import Before, Limits, check_events
from expectations.items import check_items
from expectations.users import check_users
from expectations.validation import Validation
from features.schema import FAULT, TABLES
from pipelines.context import Context
from pipelines.errors import ContractError, StoreError
from pipelines.files import read_table, whole_folder, write_table
from pipelines.jobs import Job
from pipelines.quarantine.refused import REASONS, ROW
from pipelines.snapshots.accepted import catalogue_before, earliest_of, events_before
from pipelines.validation_report import most_broken, summarise, write_index, write_validation
from pipelines.windows import Window


def run(job: Job, context: Context) -> dict[str, Any]:
    """Validate the job's windows, oldest first.

    Returns `{"windows": {name: {"collected", "accepted", "quarantined", "reasons", "warnings", "late"}}, "passed"}`:
    rows by table, rows by broken row promise, late events by the window they belong to. Raises ContractError for the
    first window that breaks a promise of the batch.
    """
    catalogue = catalogue_before(job.windows[0], context)
    validated = {}
    try:
        for position, window in enumerate(job.windows, start=1):
            summary = _validate(window, catalogue, context)
            validated[window.name] = summary
            told = f"{summary['accepted']['events']:,} accepted, {summary['quarantined']['events']:,} quarantined"
            context.say(f"validated {window.name} ({position}/{len(job.windows)}): {told}")
    finally:
        write_index(context)
    outputs = [f"{place}/{name}" for name in validated for place in ("accepted", "late", "quarantine")]
    return {"windows": validated, "passed": True, "outputs": [*outputs, "validation/docs/index.html"]}


def _validate(window: Window, catalogue: set[str], context: Context) -> dict[str, Any]:
    """Validate one window and write what follows from it; adds the items it accepts to `catalogue`."""
    landing = context.path("landing", window.name)
    tables = {name: read_table(landing / f"{name}.parquet") for name in TABLES}
    validations = _check(tables, window, catalogue, context)
    stopped = [f"{name}: {reason}" for name, check in validations.items() for reason in check.reasons]
    accepted, quarantined = _part(tables, validations)
    late = _take_late(accepted, window, context)
    summary = summarise(tables, validations, stopped) | {"late": {name: len(rows) for name, rows in late.items()}}
    write_validation(window, tables, summary, validations, context)
    if stopped:
        raise ContractError(
            f"window {window.name} breaks its contract: {'; '.join(stopped)}{most_broken(summary['reasons'])}",
            where=f"landing/{window.name}, told in full in {context.path('validation', window.name)}.json",
            mend="mend the source, then run the same command again; nothing was accepted, what serves keeps serving",
        )
    _write_tables(context, "accepted", window, accepted)
    _write_tables(context, "late", window, late)
    _write_tables(context, "quarantine", window, quarantined)
    return summary


def _check(
    tables: dict[str, pd.DataFrame], window: Window, catalogue: set[str], context: Context
) -> dict[str, Validation]:
    """A validation of each table; adds the items accepted to `catalogue` before the events are held against it."""
    limits = context.params.validate_
    bounds: dict[str, Any] = {"start": window.start, "end": window.end, "max_refused": limits.max_refused}
    items = check_items(tables["items"], **bounds)
    if items.passed:
        catalogue.update(tables["items"]["item_id"].drop(items.refused.index))
    before = Before(catalogue, events_before(window, context))
    events = check_events(
        tables["events"],
        start=window.start,
        end=window.end,
        earliest=earliest_of(window, context),
        before=before,
        limits=Limits(limits.max_refused, limits.outlier_quantile, limits.max_moments_a_minute),
    )
    return {"events": events, "users": check_users(tables["users"], **bounds), "items": items}


def _part(
    tables: dict[str, pd.DataFrame], validations: dict[str, Validation]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Accepted and quarantined rows by table; the latter with every reason. Together they are what was collected."""
    accepted, quarantined = {}, {}
    for name, table in tables.items():
        refused = validations[name].refused
        accepted[name] = table.drop(index=refused.index, columns=FAULT).reset_index(drop=True)
        reasons = refused[REASONS].map("; ".join).astype("str")
        rows = table.loc[refused.index].assign(**{REASONS: reasons})
        rows.insert(0, ROW, refused.index)
        quarantined[name] = rows.reset_index(drop=True)
        if len(accepted[name]) + len(quarantined[name]) != len(table):
            raise StoreError(
                f"{len(table)} {name} were collected, but {len(accepted[name])} accepted and"
                f" {len(quarantined[name])} quarantined",
                where="validate",
                mend="report this as a bug: no row may be lost or doubled; nothing was written",
            )
    return accepted, quarantined


def _take_late(accepted: dict[str, pd.DataFrame], window: Window, context: Context) -> dict[str, pd.DataFrame]:
    """Take the events of earlier windows out of those accepted: by the window that they belong to."""
    events = accepted["events"]
    late = events["occurred_at"] < window.start
    accepted["events"] = events[~late].reset_index(drop=True)
    index = (events.loc[late, "occurred_at"] - context.calendar.origin) // context.calendar.length
    parts = events[late].groupby(index)
    return {context.calendar.at(int(place)).name: rows.reset_index(drop=True) for place, rows in parts}


def _write_tables(context: Context, place: str, window: Window, tables: dict[str, pd.DataFrame]) -> None:
    """`place/<window>/` as a whole; only what is accepted has a table without rows."""
    with whole_folder(context.path(place, window.name)) as beside:
        for name, table in tables.items():
            if place == "accepted" or len(table):
                write_table(beside / f"{name}.parquet", table)
