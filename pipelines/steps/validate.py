"""Validate: landing rows become accepted or quarantined rows; a broken CRITICAL promise of the batch stops the run."""

from __future__ import annotations

from typing import Any

import pandas as pd

from expectations.events import check_events
from expectations.items import check_items
from expectations.pages import render_index, render_page
from expectations.users import check_users
from expectations.validation import Validation
from features.schema import TABLES
from pipelines.context import Context
from pipelines.errors import ContractError, StoreError
from pipelines.files import read_json, read_table, whole_folder, write_json, write_table, write_text
from pipelines.jobs import Job
from pipelines.windows import Window

REASONS = "reasons"


def run(job: Job, context: Context) -> dict[str, Any]:
    """Validate the job's windows, oldest first.

    Returns `{"windows": {name: {"collected", "accepted", "quarantined", "reasons", "warnings"}}, "passed": True}`: rows
    by table, rows by broken row promise. Raises ContractError for the first window that breaks a promise of the batch.
    """
    catalogue = _catalogue_before(job, context)
    validated = {}
    try:
        for position, window in enumerate(job.windows, start=1):
            summary = _validate(window, catalogue, context)
            validated[window.name] = summary
            told = f"{summary['accepted']['events']:,} accepted, {summary['quarantined']['events']:,} quarantined"
            context.say(f"validated {window.name} ({position}/{len(job.windows)}): {told}")
    finally:
        _write_index(context)
    outputs = [f"{place}/{name}" for name in validated for place in ("accepted", "quarantine")]
    return {"windows": validated, "passed": True, "outputs": [*outputs, "validation/docs/index.html"]}


def _validate(window: Window, catalogue: set[str], context: Context) -> dict[str, Any]:
    """Validate one window and write what follows from it; adds the items it accepts to `catalogue`."""
    landing = context.path("landing", window.name)
    tables = {name: read_table(landing / f"{name}.parquet") for name in TABLES}
    validations = _check(tables, window, catalogue, context)
    stopped = [f"{name}: {reason}" for name, check in validations.items() for reason in check.reasons]
    accepted, quarantined = _part(tables, validations)
    summary = _summary(tables, validations, stopped)
    _write_validation(window, summary, validations, context)
    if stopped:
        raise ContractError(
            f"window {window.name} breaks its contract: {'; '.join(stopped)}",
            where=f"landing/{window.name}, told in full in {context.path('validation', window.name)}.json",
            mend=f"mend the source, then run `tidegraph step collect --window {window.name}` and go on from there;"
            " nothing was accepted, the champion keeps serving",
        )
    _write_tables(context, "accepted", window, accepted)
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
    events = check_events(tables["events"], catalogue=catalogue, outlier_quantile=limits.outlier_quantile, **bounds)
    return {"events": events, "users": check_users(tables["users"], **bounds), "items": items}


def _part(
    tables: dict[str, pd.DataFrame], validations: dict[str, Validation]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Accepted and quarantined rows by table; the latter with every reason. Together they are what was collected."""
    accepted, quarantined = {}, {}
    for name, table in tables.items():
        refused = validations[name].refused
        accepted[name] = table.drop(index=refused.index).reset_index(drop=True)
        reasons = refused[REASONS].map("; ".join).astype("str")
        quarantined[name] = table.loc[refused.index].assign(**{REASONS: reasons}).reset_index(drop=True)
        if len(accepted[name]) + len(quarantined[name]) != len(table):
            raise StoreError(
                f"{len(table)} {name} were collected, but {len(accepted[name])} accepted and"
                f" {len(quarantined[name])} quarantined",
                where="validate",
                mend="report this as a bug: no row may be lost or doubled; nothing was written",
            )
    return accepted, quarantined


def _summary(tables: dict[str, pd.DataFrame], validations: dict[str, Validation], stopped: list[str]) -> dict[str, Any]:
    refused = {name: 0 if stopped else len(check.refused) for name, check in validations.items()}
    accepted = {name: 0 if stopped else len(table) - refused[name] for name, table in tables.items()}
    reasons: dict[str, int] = {}
    for check in validations.values():
        for promise, count in check.counts().items():
            reasons[promise] = reasons.get(promise, 0) + count
    return {
        "collected": {name: len(table) for name, table in tables.items()},
        "accepted": accepted,
        "quarantined": refused,
        "reasons": reasons,
        "warnings": [f"{name}: {warning}" for name, check in validations.items() for warning in check.warnings],
    }


def _write_validation(
    window: Window, summary: dict[str, Any], validations: dict[str, Validation], context: Context
) -> None:
    """The validation's JSON, and a page of Data Docs for each table that has rows or broke a promise."""
    folder = context.path("validation", "docs", window.name)
    shown = {name: check for name, check in validations.items() if check.collected or not check.passed}
    with whole_folder(folder) as beside:
        for name, check in shown.items():
            write_text(beside / f"{name}.html", render_page(check, window=window.name, start=window.start))
    content = summary | {
        "window": window.name,
        "passed": all(check.passed for check in validations.values()),
        "broken": [f"{name}: {reason}" for name, check in validations.items() for reason in check.reasons],
        "pages": {name: f"{window.name}/{name}.html" for name in shown},
        "tables": {name: check.to_json() for name, check in validations.items()},
    }
    write_json(context.path("validation", f"{window.name}.json"), content)


def _write_tables(context: Context, place: str, window: Window, tables: dict[str, pd.DataFrame]) -> None:
    """`place/<window>/` as a whole; a quarantine holds only the tables that have rows."""
    with whole_folder(context.path(place, window.name)) as beside:
        for name, table in tables.items():
            if place == "accepted" or len(table):
                write_table(beside / f"{name}.parquet", table)


def _write_index(context: Context) -> None:
    stored = {path.stem: read_json(path) for path in context.path("validation").glob("*.json")}
    write_text(context.path("validation", "docs", "index.html"), render_index(stored))


def _catalogue_before(job: Job, context: Context) -> set[str]:
    """The ids of the items accepted in the windows before the job's first one."""
    before = job.windows[0].name
    folders = [path for path in context.path("accepted").glob("*") if path.name[:1] != "." and path.name < before]
    return {item for path in folders for item in read_table(path / "items.parquet", ["item_id"])["item_id"]}
