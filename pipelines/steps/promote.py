"""Promote: register the candidate, and make it champion when the verdict is PASS, or a person approved it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from features.graph import compact
from pipelines import registry
from pipelines.context import Context
from pipelines.files import digest_json, whole_folder
from pipelines.graphs.files import fill_graph_folder, read_graph
from pipelines.jobs import Job
from pipelines.ledger.entries import Draft
from pipelines.promotion.approving import Response, find_response, must_ask, objection
from pipelines.promotion.rules import held_back
from pipelines.records import read_result
from pipelines.revision import code_revision
from pipelines.serving.canned import write_answers
from pipelines.serving.loaded import load_folder
from pipelines.serving.model_files import read_state, write_state


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
            "verdict_reason": verdict["reasons"][0],
            "verdict_digest": digest_json(verdict),
            "data_cut": plan["cut"],
            "base_version": plan["base"]["version"] if plan["base"] else "",
            **({"backfill": "true"} if plan["overtaken"] else {}),
            **_origin(job, context),
        },
        offered=not plan["overtaken"],
    )
    if plan["overtaken"]:
        reason = f"a backfill promotes nothing: the champion already covers window {job.name}"
        return {"promoted": False, "version": version, "reason": f"{reason}; the gate said {verdict['outcome']}"}
    told = {"version": version} | _decide(version, plan, verdict, job, context)
    if told.get("held"):
        context.say(f"{job.name} promote: not promoted: {told['held']}")
    return told


def fingerprint(job: Job, context: Context) -> dict[str, Any] | None:
    """What a person said of this candidate: with another response, the step is to be run again."""
    plan, verdict = read_result("plan", job, context), read_result("gate", job, context).get("verdict")
    if verdict is None or not must_ask(verdict, context.params.gate):
        return None
    response = find_response(plan, verdict, job, context)
    return asdict(response) if response else None


def _decide(version: str, plan: dict[str, Any], verdict: dict[str, Any], job: Job, context: Context) -> dict[str, Any]:
    """Whether the version was `promoted`, and the `reason`; `held` where it was for another one than the verdict."""
    gate = context.params.gate
    asked, why = must_ask(verdict, gate), verdict["reasons"][0]
    if verdict["outcome"] != "PASS" and not asked:
        return {"promoted": False, "reason": f"{verdict['outcome']}: {why}"}
    held = held_back(job.window, context.params.promote, context.calendar, registry.entries(context))
    response = find_response(plan, verdict, job, context) if asked else None
    objected = objection(response, version, gate.ask_within) if asked and not held else None
    if objected:
        return {"promoted": False, "reason": objected, "held": objected, "held_for_person": True}
    held = held or _promote(version, plan, verdict, response, job, context)
    if held:
        return {"promoted": False, "reason": held, "held": held}
    if response:
        return {"promoted": True, "reason": response.reason, "approved_by": response.by}
    return {"promoted": True, "reason": why}


def _promote(
    version: str, plan: dict[str, Any], verdict: dict[str, Any], response: Response | None, job: Job, context: Context
) -> str | None:
    """Ask the ledger; what it refuses with, or None."""
    base = plan["base"]["version"] if plan["base"] else None
    origin = _origin(job, context)
    promotion = Draft(
        kind="promotion",
        version=version,
        base_version=base,
        previous_version=base,
        window=job.name,
        data_cut=plan["cut"],
        run_id=plan["run_id"],
        verdict=verdict["outcome"],
        verdict_digest=digest_json(verdict),
        reason=response.reason if response else verdict["reasons"][0],
        actor=(response.by if response else None) or context.settings.actor,
        update_key=plan["update_key"],
        snapshots=origin["snapshots"],
        code=origin["code_revision"],
        params_digest=origin["params_digest"],
    )
    return registry.promote(context, promotion)


def _origin(job: Job, context: Context) -> dict[str, str]:
    """What the version was made from."""
    return {
        "snapshots": ", ".join(read_result("snapshot", job, context)["tags"].values()),
        "code_revision": code_revision(),
        "params_digest": registry.params_digest(context),
    }


def _model_folder(job: Job, context: Context) -> Path:
    folder = context.path("updates", job.name, "model")
    graph = compact(read_graph(context.path("graphs", job.name, "end")))
    with whole_folder(folder) as beside:
        write_state(beside / "state", read_state(context.path("updates", job.name, "candidate")))
        (beside / "graph").mkdir()
        fill_graph_folder(beside / "graph", graph, about={"window": job.name})
        write_answers(beside, load_folder(beside, job.name))
    return folder
