"""The lineage of an update as far as it has come."""

from __future__ import annotations

from typing import Any

from pipelines import tracking
from pipelines.context import Context
from pipelines.jobs import Job
from pipelines.lineage.facts import read_facts
from pipelines.lineage.record import tie_together
from pipelines.records import read_result


def lineage_now(job: Job, context: Context) -> dict[str, Any]:
    """What `tie_together` makes of the records that `job` has up to now; it needs its plan."""
    run_id = read_result("plan", job, context)["run_id"]
    tags = tracking.open_client(context).get_run(run_id).data.tags
    return tie_together(read_facts(job, context, tags=tags))
