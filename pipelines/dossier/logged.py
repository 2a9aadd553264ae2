"""What an update's MLflow run is given at its end; logging twice changes nothing."""

from __future__ import annotations

from typing import Any

from pipelines import tracking
from pipelines.context import Context
from pipelines.dossier.describing import describe_version
from pipelines.dossier.material import Material, gather
from pipelines.dossier.numbers import metrics_of, tags_of
from pipelines.dossier.page import render_page
from pipelines.dossier.telling import tell_dossier
from pipelines.errors import StoreError
from pipelines.files import read_json
from pipelines.graph_views.finding import find_graph, windows_with_graphs
from pipelines.graph_views.telling import tell_difference, tell_stats
from pipelines.graph_views.wording import difference_in_words
from pipelines.jobs import Job
from pipelines.judging.curves import draw_curves, draw_metrics
from pipelines.lineage.inputs import log_inputs
from pipelines.lineage.stored import LINEAGE
from pipelines.records import read_result


def log_dossier(row: dict[str, Any], lineage: dict[str, Any], job: Job, context: Context) -> None:
    """Log the dossier (page and JSON), lineage, params, metrics, tags, curves, pictures, validation and inputs."""
    run_id = read_result("plan", job, context)["run_id"]
    tracking.log_params(context, run_id, context.params.model_dump(mode="json", by_alias=True))
    material, told = log_page(lineage, job, context)
    tracking.log_dict(context, run_id, lineage, LINEAGE)
    tracking.log_metrics(context, run_id, metrics_of(row, material))
    tracking.log_tags(context, run_id, tags_of(row, material, told["verdict"]))
    _log_pictures(run_id, row, material, context)
    tracking.log_dict(context, run_id, row, "row.json")
    tracking.log_dict(context, run_id, _decision(job, context), "decision.json")
    for window in job.windows:
        path = context.path("validation", f"{window.name}.json")
        tracking.log_dict(context, run_id, read_json(path), f"validation/{window.name}.json")
    log_inputs(run_id, lineage, context)
    describe_version(context, told)


def log_page(lineage: dict[str, Any], job: Job, context: Context) -> tuple[Material, dict[str, Any]]:
    """Log the dossier's page and JSON, as far as the update has come; what they are made of, and what they tell."""
    run_id = read_result("plan", job, context)["run_id"]
    material = gather(job, context, lineage=lineage, graph_words=_log_graph(run_id, job, context))
    told = tell_dossier(material)
    tracking.log_text(context, run_id, render_page(told), "dossier.html")
    tracking.log_dict(context, run_id, told, "dossier.json")
    return material, told


def _log_pictures(run_id: str, row: dict[str, Any], material: Material, context: Context) -> None:
    curves = material.result("fit").get("curves", {})
    tracking.log_curves(context, run_id, {f"fit/{name}": values for name, values in curves.items()})
    if curves:
        tracking.log_figure(context, run_id, draw_curves(curves), "plots/fit.png")
    if row["metrics"]:
        tracking.log_figure(context, run_id, draw_metrics(row["metrics"]), "plots/metrics.png")


def _log_graph(run_id: str, job: Job, context: Context) -> tuple[str, ...] | None:
    """Stats of the window's graph, and, of an update, what differs from the graph of the window before; gives that in
    words, None where it cannot be told."""
    found = find_graph(context, job.name)
    tracking.log_dict(context, run_id, tell_stats(found), "graph/stats.json")
    previous = context.calendar.previous(job.window)
    if job.kind == "bootstrap" or previous is None or previous.name not in windows_with_graphs(context):
        return None
    try:
        before = find_graph(context, previous.name).open()
    except StoreError as error:  # the window's own graph was rebuilt without it
        context.say(f"{job.name} report: no difference is told, {error.what}")
        return None
    told = tell_difference(before, found.open())
    words = difference_in_words(told)
    tracking.log_dict(context, run_id, told | {"words": words}, "graph/diff.json")
    title = f"# What {job.name} changed in the interest graph\n\n"
    tracking.log_text(context, run_id, title + "".join(f"- {line}\n" for line in words), "graph/diff.md")
    return tuple(words)


def _decision(job: Job, context: Context) -> dict[str, Any]:
    return {step: read_result(step, job, context) for step in ("snapshot", "refresh", "plan", "gate", "promote")}
