"""
### One window into the interest graph

The window's events are collected, checked and snapshotted, folded into the graph, learnt from the champion's weights,
judged against the champion and the baselines; a candidate that passes the gate is promoted, published and reported.
A candidate that is refused skips `promote`, says why, and the run succeeds: the champion keeps serving. With
`gate.ask_human` of params.yaml, one that the gate leaves open waits at `approval` for a person.

Which window? The form's **window** where given, otherwise the data interval of a scheduled or backfill run. A manual
run with an empty form is refused. There is no schedule unless `TIDEGRAPH_SCHEDULE` holds a cron expression whose
intervals are the windows, e.g. `0 0 * * 0`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from airflow.sdk import CronDataIntervalTimetable, Param, dag

from dags.interest_graph_steps import chain_steps

SCHEDULE = os.environ.get("TIDEGRAPH_SCHEDULE")  # a bare cron string would give intervals of zero length


@dag(
    dag_id="interest_graph_update",
    description="Fold one window into the interest graph, fine-tune, judge and promote",
    schedule=CronDataIntervalTimetable(SCHEDULE, timezone="UTC") if SCHEDULE else None,
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["tidegraph", "update"],
    doc_md=__doc__,
    default_args={"owner": "tidegraph"},
    params={
        "window": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Window",
            description="Start date of the window, e.g. 2017-10-08. Required for a manual run.",
        ),
        "mode": Param(
            None,
            type=["null", "string"],
            enum=[None, "auto", "incremental", "full", "graph-only", "skip"],
            title="Mode",
            description="How to train: as the policy says, from the champion's weights, anew, only the graph, or not. "
            "Empty: plan.mode of params.yaml.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Judge the candidate but promote and publish nothing.",
        ),
    },
)
def interest_graph_update() -> None:
    chain_steps("update")


interest_graph_update()
