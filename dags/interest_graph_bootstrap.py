"""
### The first champion

Everything up to a cut is collected, checked, snapshotted, built into a graph, fitted in full, judged against the
baselines and, if the gate passes, promoted. Run it once, before the first `interest_graph_update`.

Fill in **until**: the start of the first window that is *not* part of it. A run that is already done changes nothing.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from dags.interest_graph_steps import chain_steps


@dag(
    dag_id="interest_graph_bootstrap",
    description="Build the interest graph up to a cut and train the first champion",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["tidegraph", "bootstrap"],
    doc_md=__doc__,
    default_args={"owner": "tidegraph"},
    params={
        "until": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Until",
            description="Start of the first window that is not part of the bootstrap, e.g. 2017-10-08. Required.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Judge the model but promote and publish nothing.",
        ),
    },
)
def interest_graph_bootstrap() -> None:
    chain_steps("bootstrap")


interest_graph_bootstrap()
