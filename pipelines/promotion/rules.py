"""When updates may promote: freeze ranges and cool-down of params.yaml, by window ends, so that replays agree."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.ledger.entries import Entry
from pipelines.ledger.rules import last_by_update
from pipelines.params.promote import PromoteParams
from pipelines.windows import Calendar, Window


def held_back(window: Window, params: PromoteParams, calendar: Calendar, entries: Sequence[Entry]) -> str | None:
    """Why the update of `window` promotes nothing, whatever its verdict; None where nothing keeps it from it."""
    return _in_freeze(window, params) or _cooling_down(window, params, calendar, entries)


def _in_freeze(window: Window, params: PromoteParams) -> str | None:
    day = window.end.date()
    for period in params.freeze:
        if period.from_ <= day <= period.to:
            return f"frozen by params.yaml from {period.from_} to {period.to}: {period.reason}"
    return None


def _cooling_down(window: Window, params: PromoteParams, calendar: Calendar, entries: Sequence[Entry]) -> str | None:
    last = last_by_update(entries)
    if last is None or not params.cool_down:
        return None
    since = window.end - calendar.window(last.window).end
    if since >= params.cool_down:
        return None
    return (
        f"cooling down: the update of {last.window} promoted version {last.version}, "
        f"and promote.cool_down asks for {params.cool_down.total_seconds() / 86_400:g} days between window ends"
    )
