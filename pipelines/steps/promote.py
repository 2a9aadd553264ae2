"""Promote: register the candidate, and make it champion when the verdict is PASS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.graph import compact
from pipelines import registry
from pipelines.context import Context
from pipelines.files import digest_json, whole_folder
from pipelines.graph_files import fill_graph_folder, read_graph
from pipelines.jobs import Job
from pipelines.model_files import read_state, write_state
from pipelines.records import read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """The version that ships is the one judged: its weights, over the graph folded to the window's end."""
    plan = read_result("plan", job, context)
    if plan["mode"] == "skip":
        return {"promoted": False, "version": None, "reason": plan["reason"]}
    if job.dry_run:
        return {"promoted": False, "version": None, "reason": "dry run: nothing is registered or promoted"}
    verdict = read_result("gate", job, context)["verdict"]
    version = registry.register(
        context,
        plan["run_id"],
        _model_folder(job, context),
        tags={
            "window": job.name,
            "mode": plan["mode"],
            "verdict": verdict["outcome"],
            "data_cut": plan["cut"],
            "base_version": plan["base"]["version"] if plan["base"] else "",
        },
    )
    if verdict["outcome"] != "PASS":
        return {
            "promoted": False,
            "version": version,
            "reason": f"{verdict['outcome']}: {verdict['reasons'][0]}",
        }
    return _promote(version, plan, verdict, job, context)


def _promote(version: str, plan: dict[str, Any], verdict: dict[str, Any], job: Job, context: Context) -> dict[str, Any]:
    promotion = registry.Promotion(
        version=version,
        expected_champion=plan["base"]["version"] if plan["base"] else None,
        window=job.name,
        data_cut=plan["cut"],
        run_id=plan["run_id"],
        verdict=verdict["outcome"],
        verdict_digest=digest_json(verdict),
        reason=verdict["reasons"][0],
        update_key=plan["update_key"],
    )
    refusal = registry.promote(context, promotion)
    if refusal:
        return {"promoted": False, "version": version, "reason": refusal}
    return {"promoted": True, "version": version, "reason": verdict["reasons"][0]}


def _model_folder(job: Job, context: Context) -> Path:
    folder = context.path("updates", job.name, "model")
    graph = compact(read_graph(context.path("graphs", job.name, "end")))
    with whole_folder(folder) as beside:
        write_state(beside / "state", read_state(context.path("updates", job.name, "candidate")))
        (beside / "graph").mkdir()
        fill_graph_folder(beside / "graph", graph, about={"window": job.name})
    return folder
