"""One day under the watch, from the lists that served to what is done about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.context import Context
from pipelines.errors import TidegraphError, WindowError
from pipelines.locks import hold
from pipelines.mapping.connecting import open_source, source_faults
from pipelines.serving.publishing import newest_published
from pipelines.watching import acting, drifting, grading, judging
from pipelines.watching.days import day_named, day_that_is_over, days_between, kept_day, kept_days
from pipelines.watching.requests import retrain_request
from pipelines.watching.telling import tell_day

PARTS = ("grade", "judge", "act", "drift")
"""What may fail without harm comes last."""
PATIENCE_SECONDS = 600.0
LOCK = "watch"


def look(day: str, context: Context, *, dry_run: bool = False) -> dict[str, Any]:
    """All of a day: `graded`, `drift`, `finding`, `action`; with `dry_run` nothing is done, and MLflow not told."""
    found = {_KEPT[part]: look_at(part, day, context, dry_run=dry_run) for part in PARTS[:-1]}
    try:
        drift = look_at("drift", day, context)
    except TidegraphError as error:  # what was done about the day is told all the same
        context.say(f"{day}: drift was not measured: {error.what}")
        drift = {"signals": [], "retrain": [], "failed": error.what}
    return {"day": day, **found, "drift": drift}


def look_at(part: str, day: str, context: Context, *, dry_run: bool = False) -> dict[str, Any] | None:
    """One part of a day, as a task of the DAG asks for it; those before it have to be done."""
    with hold(context.path("locks"), LOCK, wait_seconds=PATIENCE_SECONDS):
        return _LOOKS[part](day_named(day).name, context, dry_run)


def days_to_look_at(context: Context) -> list[str]:
    """The days that are over, since the last one that was looked at, or since the newest lists serve.

    Lists are expected to serve for the length of a window; where the next update is late, later days have to be named.
    """
    newest = newest_published(context)
    if newest is None:
        return []
    window = context.calendar.window(newest["window"])
    with source_faults():
        last = open_source(context).last_event_at()
    over = min(datetime.now(UTC), window.end + window.length)
    if last is not None:  # a source that ends with a day's last moment has that day whole
        over = min(over, last + timedelta(microseconds=1))
    done = [kept.name for kept in kept_days(context, until=over.date().isoformat()) if kept.read("action")]
    start = day_named(done[0]).end if done else window.end
    return [day.name for day in days_between(start, over)]


def _grade(day: str, context: Context, _: bool) -> dict[str, Any]:
    known = day_that_is_over(day)
    context.say(f"{day}: grading the published lists")
    return grading.grade(known, context)


def _drift(day: str, context: Context, _: bool) -> dict[str, Any]:
    context.say(f"{day}: measuring drift")
    found = drifting.measure(day_named(day), context)
    asked = retrain_request(context, before=day, until=day_named(day).end)
    return found | {"retrain": list(asked.reasons)}


def _judge(day: str, context: Context, _: bool) -> dict[str, Any]:
    context.say(f"{day}: holding the champion against the version before it")
    return judging.judge(day, context)


def _act(day: str, context: Context, dry_run: bool) -> dict[str, Any] | None:
    if dry_run:
        return None
    kept = kept_day(day, context)
    graded, finding = kept.read("graded"), kept.read("finding")
    if graded is None or finding is None:
        raise WindowError(f"{day} was not judged", where="watch", mend=f"run: tidegraph watch --day {day}")
    action = acting.act(finding, context)
    tell_day(graded, finding, action, context)
    return action


_LOOKS: dict[str, Callable[[str, Context, bool], dict[str, Any] | None]] = {
    "grade": _grade,
    "drift": _drift,
    "judge": _judge,
    "act": _act,
}
_KEPT = {"grade": "graded", "drift": "drift", "judge": "finding", "act": "action"}
