"""Gate: the verdict on the candidate, from each user's metrics, with its reasons."""

from __future__ import annotations

from typing import Any

from models.gates import BASELINES, GateRules, decide
from models.metric_table import from_table
from pipelines.context import Context
from pipelines.files import read_table, write_json
from pipelines.jobs import Job
from pipelines.records import read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """Judge and store the verdict; a refused candidate is no failure of the run."""
    if "skipped" in read_result("evaluate", job, context):
        return {"skipped": read_result("plan", job, context)["reason"]}
    evaluations = from_table(read_table(context.path("updates", job.name, "metrics.parquet")))
    verdict = decide(
        evaluations.get("candidate", {}),
        # a champion that was not measured is unsound; it is not the same as there being none yet
        evaluations.get("champion", {}) if read_result("plan", job, context)["base"] else None,
        {name: evaluations[name] for name in BASELINES if name in evaluations},
        GateRules(**context.params.gate.model_dump()),
    ).to_dict()
    write_json(context.path("updates", job.name, "verdict.json"), verdict)
    context.say(f"{job.name} gate: {verdict['outcome']}: {verdict['reasons'][0]}")
    return {"verdict": verdict, "outputs": [f"updates/{job.name}/verdict.json"]}
