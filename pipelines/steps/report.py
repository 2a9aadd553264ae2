"""Report: one row for the table, and everything a reviewer wants in the update's MLflow run."""

from __future__ import annotations

from typing import Any

from pipelines import registry, tracking
from pipelines.context import Context
from pipelines.dossier.logged import log_dossier
from pipelines.files import write_json
from pipelines.jobs import Job
from pipelines.lineage.facts import lineage_path
from pipelines.lineage.now import lineage_now
from pipelines.records import find_record, read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """Write `row.json` and `lineage.json` of `updates/<window>/`, and end the run; an overtaken update keeps the row of
    the one that counted."""
    plan = read_result("plan", job, context)
    path = context.path("updates", job.name, "row.json")
    row = _row(job, context)
    lineage = lineage_now(job, context)
    log_dossier(row, lineage, job, context)
    tracking.finish(context, plan["run_id"], "FINISHED")
    if not (plan["overtaken"] and path.is_file()):
        write_json(path, row)
    write_json(context.path(lineage_path(job.name)), lineage)
    outputs = [f"updates/{job.name}/row.json", lineage_path(job.name)]
    return {"row": row, "note": plan["reason"], "outputs": outputs}


def _row(job: Job, context: Context) -> dict[str, Any]:
    validated = read_result("validate", job, context)["windows"].values()
    delta = read_result("refresh", job, context)["delta"]
    verdict = read_result("gate", job, context).get("verdict")
    fit = find_record("fit", job, context)
    champion = registry.champion(context)
    promote = read_result("promote", job, context)
    return {
        "window": job.name,
        "mode": read_result("plan", job, context)["mode"],
        "accepted": sum(window["accepted"]["events"] for window in validated),
        "quarantined": sum(window["quarantined"]["events"] for window in validated),
        "edges_born": delta["edges_born"],
        "edges_faded": delta["edges_faded"],
        "fit_seconds": fit.result.get("wall_seconds") if fit else None,
        "k": context.params.evaluate.k,
        "metrics": read_result("evaluate", job, context).get("metrics", {}),
        "verdict": verdict["outcome"] if verdict else "SKIPPED",
        "reason": _reason(promote, verdict),
        "shadow": read_result("evaluate", job, context).get("shadow"),
        "version": promote["version"],
        "promoted": promote["promoted"],
        "champion_version": champion.version if champion else None,
    }


def _reason(promote: dict[str, Any], verdict: dict[str, Any] | None) -> str:
    """What kept it from serving or let it serve, where that is not the verdict alone."""
    if promote.get("held"):
        return str(promote["held"])
    if promote.get("approved_by"):
        return f"approved by {promote['approved_by']}: {promote['reason']}"
    return str(verdict["reasons"][0] if verdict else promote["reason"])
