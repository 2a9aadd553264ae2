"""Data Docs: a validation as a page, by Great Expectations' own renderer, and a page that lists them all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from great_expectations.core.batch import BatchMarkers
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from expectations.offline_page import make_offline
from expectations.validation import Validation


def render_page(validation: Validation, *, window: str, start: datetime) -> str:
    """The HTML page of one table of one window; dated by the window, so that no clock is needed."""
    validation.document.meta["run_id"] = RunIdentifier(run_name=f"{window} {validation.table}", run_time=start)
    validation.document.meta["batch_markers"] = BatchMarkers(ge_load_time=start.isoformat())  # not the clock
    page = ValidationResultsPageRenderer(run_info_at_end=True).render(validation.document)
    title = f"{window}, {validation.table}"
    return make_offline(DefaultJinjaPageView().render(page), title=title, passed=validation.passed)


def render_index(windows: Mapping[str, Mapping[str, Any]]) -> str:
    """The HTML page that lists `windows`: by name, the stored validation with `passed`, counts and `pages`."""
    rows = "\n".join(_row(name, windows[name]) for name in sorted(windows, reverse=True))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Tidegraph: validations</title>"
        "<style>body{font:16px sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;vertical-align:top}"
        "tr:nth-child(even){background:#f2f4f7}.stopped{color:#b00020;font-weight:bold}</style>"
        "<h1>Validations</h1><table><tr><th>window<th>verdict<th>collected<th>accepted<th>quarantined"
        f"<th>reasons and warnings<th>pages</tr>\n{rows}</table></html>\n"
    )


def _row(name: str, window: Mapping[str, Any]) -> str:
    verdict = "<td>passed" if window["passed"] else "<td class=stopped>stopped"
    notes = [f"{promise}: {count} rows" for promise, count in window["reasons"].items()]
    notes += [*window["broken"], *window["warnings"]]
    links = " ".join(f'<a href="{escape(page)}">{escape(table)}</a>' for table, page in window["pages"].items())
    counts = (window[kind]["events"] for kind in ("collected", "accepted", "quarantined"))
    cells = "".join(f"<td>{count:,}" for count in counts)
    return f"<tr><td>{escape(name)}{verdict}{cells}<td>{'<br>'.join(map(escape, notes))}<td>{links}</tr>"
