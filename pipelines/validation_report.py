"""What is told of a validation: counts and reasons, JSON, and Data Docs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from expectations.pages import render_index, render_page
from expectations.validation import Validation
from pipelines.context import Context
from pipelines.files import read_json, whole_folder, write_json, write_text
from pipelines.windows import Window


def summarise(
    tables: dict[str, pd.DataFrame], validations: dict[str, Validation], stopped: list[str]
) -> dict[str, Any]:
    """Rows by table collected, accepted and quarantined (none where the run is `stopped`), reasons, and warnings."""
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


def most_broken(reasons: dict[str, int]) -> str:
    """What most rows were refused for, as the end of a sentence."""
    most = sorted(reasons.items(), key=lambda reason: (-reason[1], reason[0]))[:3]
    return f"; rows broke: {', '.join(f'{promise} {count:,}' for promise, count in most)}" if most else ""


def write_validation(
    window: Window,
    tables: dict[str, pd.DataFrame],
    summary: dict[str, Any],
    validations: dict[str, Validation],
    context: Context,
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
        "bot_like": _bot_like(tables["events"], validations["events"]),
        "pages": {name: f"{window.name}/{name}.html" for name in shown},
        "tables": {name: check.to_json() for name, check in validations.items()},
    }
    write_json(context.path("validation", f"{window.name}.json"), content)


def write_index(context: Context) -> None:
    stored = {path.stem: read_json(path) for path in context.path("validation").glob("*.json")}
    write_text(context.path("validation", "docs", "index.html"), render_index(stored))


def _bot_like(events: pd.DataFrame, check: Validation) -> list[str]:
    """The ids of users whose pace is no person's: their rows are accepted, and told."""
    return sorted(events.loc[check.rows_that_broke("pace-human"), "user_id"].unique().tolist())
