"""Fit: a candidate, learned in full or from the champion's weights."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from features.hetero import to_hetero
from models.catalogue import rebuild
from models.device import find_device, on_device
from models.recommender import FitReport, Recommender
from models.state import State
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import FitError, ParamsError
from pipelines.files import digest_files
from pipelines.graphs.files import read_graph
from pipelines.jobs import Job
from pipelines.judging.lessons import full_slices, graph_as_of, slices_since
from pipelines.judging.ranker import make_candidate
from pipelines.judging.shadow import fit_aside, is_due
from pipelines.learning_group import summon_helpers
from pipelines.records import read_result
from pipelines.serving.model_files import read_state, write_state


def run(job: Job, context: Context) -> dict[str, Any]:
    """Learn up to the cut and store the candidate's state; `skip` stores none. NaN in the fit means no candidate."""
    plan = read_result("plan", job, context)
    if plan["mode"] == "skip":
        return {"skipped": plan["reason"]}
    _check_device(context)
    summon_helpers(plan)
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        candidate, report = learn(plan, job, context)
    except ValueError as error:
        raise FitError(
            f"the fit of window {job.name} gave no candidate: {error}",
            where=f"fit, mode {plan['mode']}",
            mend="look at the fit section of params.yaml and at the window's events; the champion keeps serving",
        ) from error
    folder = context.path("updates", job.name, "candidate")
    write_state(folder, candidate.state())
    outputs = [f"updates/{job.name}/candidate"]
    result = {
        "curves": report.curves,
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "device": context.settings.device,
        "state": digest_files(folder),
        "outputs": outputs,
    }
    return result | _fit_shadow(plan, outputs, job, context) if is_due(plan) else result


def learn(plan: dict[str, Any], job: Job, context: Context) -> tuple[Recommender, FitReport]:
    """The candidate that `plan` asks for, and how its fit went; nothing is written. ValueError where it failed."""
    with on_device(context.settings.device):
        return _learn(plan, job, context)


def _fit_shadow(plan: dict[str, Any], outputs: list[str], job: Job, context: Context) -> dict[str, Any]:
    """A full fit beside the candidate, on the same cut; it is judged, and never registered or promoted."""
    anew = plan | {"mode": "full"}

    def learn_anew() -> State:
        summon_helpers(anew)
        return learn(anew, job, context)[0].state()

    told = fit_aside(learn_anew, job, context)
    made = [] if "failed" in told["shadow"] else [f"updates/{job.name}/shadow"]
    return told | {"outputs": [*outputs, *made]}


def _check_device(context: Context) -> None:
    try:
        find_device(context.settings.device)
    except ValueError as error:
        raise ParamsError(
            str(error), where="TIDEGRAPH_DEVICE", mend="set it to cpu, or to a device that torch finds on this machine"
        ) from error


def _learn(plan: dict[str, Any], job: Job, context: Context) -> tuple[Recommender, FitReport]:
    at_cut = to_hetero(read_graph(context.path("graphs", job.name, "cut")))
    if plan["mode"] == "full":
        candidate = make_candidate(context.params.fit)
        return candidate, candidate.fit(full_slices(job, context), at_cut)
    base = plan["base"]
    start = datetime.fromisoformat(base["data_cut"])
    state = read_state(registry.model_folder(context, base["version"]) / "state")
    learned_on = graph_as_of(start, context, base["window"])
    candidate = rebuild(state, to_hetero(learned_on))
    if plan["mode"] == "graph-only":
        candidate.stand_on(at_cut)
        return candidate, FitReport()
    return candidate, candidate.update(slices_since(learned_on, start, base["window"], job, context), at_cut)
