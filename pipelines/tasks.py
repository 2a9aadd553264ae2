"""What an Airflow task calls: its form and its run become a job, and the job's step is run.

Importing this module is cheap: everything heavy is imported by the task that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipelines.errors import WindowError
from pipelines.windows import Calendar, Window

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.jobs import Job

_LONGEST = 200
"""Characters of a text in a task's result that are still shown in Airflow."""


def run_task(step: str, **request: Any) -> dict[str, Any]:
    """Run `step` of the job that `request` asks for, as `job_of` takes it; numbers and short texts of its result.

    Raises the step's TidegraphError.
    """
    from pipelines.runner import run_step

    return brief(run_step(step, *job_of(**request)))


def ask_approval(**request: Any) -> dict[str, Any] | None:
    """What a person is asked of the job's candidate, as `promotion.approval_request` has it; None: nothing."""
    from pipelines.promotion.approval_request import request_approval

    return request_approval(*job_of(**request))


def keep_approval(event: Mapping[str, Any], key: str, **request: Any) -> dict[str, Any]:
    """Keep what came of the request of this `key`, Airflow's `event`, for the step promote; tells what counts."""
    from dataclasses import asdict

    from pipelines.promotion.approving import keep_response, read_response

    return brief(asdict(keep_response(read_response(event, key), *job_of(**request))))


def job_of(
    *,
    kind: str,
    window: str | None = None,
    until: str | None = None,
    mode: str | None = None,
    dry_run: bool = False,
    airflow_run: str = "",
) -> tuple[Job, Context]:
    """A bootstrap until `until`, or an update by `window`; `mode` None means what params.yaml says."""
    from pipelines.context import read_context
    from pipelines.jobs import bootstrap_job, update_job

    context = read_context(say=_say)
    if kind == "bootstrap":
        return bootstrap_job(required("until", until), context, dry_run=dry_run, airflow_run=airflow_run), context
    named = required("window", window)
    return update_job(named, context, mode=mode or None, dry_run=dry_run, airflow_run=airflow_run), context


def run_watch(part: str, day: str, *, dry_run: bool = False) -> dict[str, Any]:
    """Do a part of the watch of `day`; numbers and short texts of its result, and what is to be said of a rollback.

    Raises the part's TidegraphError.
    """
    from pipelines.context import read_context
    from pipelines.watching.looking import look_at
    from pipelines.watching.wording import notice

    result = look_at(part, day, read_context(say=_say), dry_run=dry_run)
    if result is None:
        return {"rolled_back": False, "reason": "dry run: nothing is rolled back"}
    if result.get("rolled_back") or result.get("held"):
        return brief(result) | {"notice": notice(result)}
    return brief(result) | ({"reason": result["reason"]} if "reason" in result else {})


def day_of_run(form: str | None, *, run_type: str, start: datetime | None, end: datetime | None) -> str | None:
    """The day a run of the watch is about: the form's, else that on which the interval of a scheduled or backfill run
    begins.

    Raises WindowError for an interval that does not last a day.
    """
    if form or run_type not in ("scheduled", "backfill") or start is None or end is None:
        return form
    if end - start != timedelta(days=1):
        raise WindowError(
            f"the run's data interval {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} is no day",
            where="the DAG's schedule",
            mend="set TIDEGRAPH_WATCH_SCHEDULE to one such as 0 4 * * *, whose intervals last a day, or fill in `day`",
        )
    return start.astimezone(UTC).date().isoformat()


def window_of_run(
    form: str | None, *, run_type: str, start: datetime | None, end: datetime | None, calendar: Calendar
) -> str | None:
    """The window a run is about: the form's, else the data interval's of a scheduled or backfill run, else None.

    A manual run's data interval is derived from the clock, so it says nothing about the window meant. Raises
    WindowError for an interval that is no window of the calendar.
    """
    if form:
        return form
    if run_type not in ("scheduled", "backfill") or start is None or end is None:
        return None
    interval = Window(start, end)
    if calendar.at(calendar.index(interval)) != interval:
        raise WindowError(
            f"the run's data interval {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} is no window of the calendar",
            where=f"the DAG's schedule; calendar: {calendar.first}, every {calendar.length.days} days",
            mend="set TIDEGRAPH_SCHEDULE to a cron expression whose intervals are the windows, or fill in `window`",
        )
    return interval.name


def required(field: str, value: str | None) -> str:
    """`value`, or an error that names the field of the form that was left empty."""
    if value:
        return value
    raise WindowError(
        f"the form's field `{field}` is empty, and this run has no data interval of its own to take it from",
        where=f"trigger form, field `{field}`",
        mend=f'fill in `{field}` with a date, for example {{"{field}": "2017-10-08"}}',
    )


def brief(result: dict[str, Any]) -> dict[str, Any]:
    """The numbers, flags and short texts of a result: what Airflow keeps in its own database."""
    return {key: value for key, value in result.items() if _is_small(value)}


def _is_small(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= _LONGEST)


def _say(text: str) -> None:
    print(text, flush=True)
