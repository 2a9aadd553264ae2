"""Does the watch ask for a retrain? Several violations of one signal do, one bad day does not."""

from __future__ import annotations

from datetime import datetime

from models.watch.violations import Flags, RetrainRequest, asks_for_retrain
from pipelines.context import Context
from pipelines.planning.full_fits import last_full_fit, window_of
from pipelines.watching.days import KeptDay, kept_days


def retrain_request(context: Context, *, before: str, until: datetime) -> RetrainRequest:
    """By the days that ended by `until`, since the last full fit of a window before `before` (a date)."""
    version = last_full_fit(context, before)
    window = window_of(version, context) if version else None
    since = context.calendar.window(window).end.date().isoformat() if window else ""
    last = until.date().isoformat()
    days = [kept for kept in kept_days(context, until=last) if since <= kept.name < last]
    return asks_for_retrain([_flags(kept) for kept in reversed(days)], context.params.watch.retrain_rule())


def _flags(kept: KeptDay) -> Flags:
    told = kept.read("drift") or {"signals": []}
    return {signal["name"]: signal["violated"] for signal in told["signals"]}
