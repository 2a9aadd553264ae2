"""
### What is served, looked at daily

The lists that served on a day are graded by what users bought on it, the champion's beside those of the version before
it; drift is measured; and a champion that a sequential test proves to be worse is rolled back, once, with a cool-off.
`roll_back` is skipped where nothing is proven, and the run succeeds.

Which day? The form's **day** where given, otherwise the data interval of a scheduled or backfill run. There is no
schedule unless `TIDEGRAPH_WATCH_SCHEDULE` holds a cron expression whose intervals last a day, e.g. `0 4 * * *`: at four
the day before is looked at. After a rollback, where a proven regression is left to people, and when a task fails,
`TIDEGRAPH_NOTIFY_URL` is told.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Context, CronDataIntervalTimetable, Param, chain, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dags.interest_graph_notifier import WebhookNotifier

SCHEDULE = os.environ.get("TIDEGRAPH_WATCH_SCHEDULE")
TASKS = {"grade": "grade", "judge": "judge", "roll_back": "act", "drift": "drift"}
"""What each task does of `pipelines.watching.looking.PARTS`."""
RETRIED = ("grade", "drift")
"""They read the source, which may be away."""


def _failed(context: Context) -> str:
    return f"The watch of what Tidegraph serves failed in task {context['ti'].task_id}, run {context['run_id']}."


def _acted(context: Context) -> str:
    return str(context["ti"].xcom_pull(task_ids="roll_back")["notice"])


@dag(
    dag_id="interest_graph_watch",
    description="Grade what was published, measure drift, and roll back a champion proven worse",
    schedule=CronDataIntervalTimetable(SCHEDULE, timezone="UTC") if SCHEDULE else None,
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["tidegraph", "watch"],
    doc_md=__doc__,
    default_args={"owner": "tidegraph", "on_failure_callback": [WebhookNotifier(_failed)]},
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day (UTC) to look at, e.g. 2017-10-15. Required for a manual run.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Grade and judge, but roll back nothing.",
        ),
    },
)
def interest_graph_watch() -> None:
    tasks = {name: _add_task(name, part) for name, part in TASKS.items()}
    chain(tasks["grade"], tasks["judge"], tasks["roll_back"])
    chain(tasks["grade"], tasks["drift"])


def _add_task(name: str, part: str) -> Any:
    told = [WebhookNotifier(_acted)] if name == "roll_back" else None
    retry: dict[str, Any] = {"retries": 2 if name in RETRIED else 0}

    @task(task_id=name, multiple_outputs=False, on_success_callback=told, **retry)
    def look() -> dict[str, Any]:
        return _look(part)

    return look()


def _look(part: str) -> dict[str, Any]:
    from pipelines.errors import SourceError, TidegraphError  # here: parsing must stay cheap
    from pipelines.tasks import day_of_run, required, run_watch

    context = get_current_context()
    form, run = context["params"], context["dag_run"]
    try:
        run_type = str(getattr(run.run_type, "value", run.run_type))
        day = day_of_run(form["day"], run_type=run_type, start=run.data_interval_start, end=run.data_interval_end)
        result = run_watch(part, required("day", day), dry_run=bool(form["dry_run"]))
    except SourceError as error:
        raise AirflowException(str(error)) from None
    except TidegraphError as error:
        raise AirflowFailException(str(error)) from None
    if result.get("rolled_back") is False and "notice" not in result:
        raise AirflowSkipException(str(result["reason"]))
    return result


interest_graph_watch()
