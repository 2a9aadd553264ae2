"""Gate: the verdict on the candidate, from each user's metrics, with its reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from models.gates.decide import decide
from models.gates.evidence import Measured
from models.metric_table import from_table
from models.verdict import RuleResult
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.files import read_table, write_json
from pipelines.jobs import Job
from pipelines.judging.evidence import evidence_of
from pipelines.judging.ranker import BASELINES
from pipelines.records import read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """Judge and store the verdict; a refused candidate is no failure of the run."""
    plan = read_result("plan", job, context)
    if "skipped" in read_result("evaluate", job, context):
        return {"skipped": plan["reason"]}
    measured = _measured(context.path("updates", job.name, "metrics.parquet"))
    checks = tuple(RuleResult(**told) for told in read_result("evaluate", job, context)["checks"])
    evidence = evidence_of(measured, plan, window=job.name, k=context.params.evaluate.k, baselines=BASELINES)
    verdict = decide(replace(evidence, checks=checks), context.params.gate.settings()).to_dict()
    write_json(context.path("updates", job.name, "verdict.json"), verdict)
    context.say(f"{job.name} gate: {verdict['outcome']}: {verdict['reasons'][0]}")
    return {"verdict": verdict, "outputs": [f"updates/{job.name}/verdict.json"]}


def _measured(path: Path) -> dict[str, Measured]:
    """ContractError for a table that is none of metrics: it is not judged, and so never passes."""
    try:
        return from_table(read_table(path))
    except ValueError as error:
        raise ContractError(
            f"the metrics cannot be judged: {error}",
            where=str(path),
            mend="remove the file and run the same command again: they are measured anew; the champion keeps serving",
        ) from error
