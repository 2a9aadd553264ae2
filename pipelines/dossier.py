"""The dossier: what an update did and why, logged to its MLflow run."""

from __future__ import annotations

from typing import Any

from pipelines import tracking
from pipelines.context import Context
from pipelines.curves import draw_curves, draw_metrics
from pipelines.errors import StoreError
from pipelines.files import read_json
from pipelines.graph_views.finding import find_graph, windows_with_graphs
from pipelines.graph_views.telling import tell_difference, tell_stats
from pipelines.graph_views.wording import difference_in_words
from pipelines.jobs import Job
from pipelines.records import find_record, read_result


def log_dossier(row: dict[str, Any], job: Job, context: Context) -> None:
    """Log params, metrics, costs, curves, pictures, verdict, validation and inputs; logging twice changes nothing."""
    run_id = read_result("plan", job, context)["run_id"]
    tracking.log_params(context, run_id, context.params.model_dump(mode="json", by_alias=True))
    tracking.log_metrics(context, run_id, _numbers(row, job, context))
    curves = read_result("fit", job, context).get("curves", {})
    tracking.log_curves(context, run_id, {f"fit/{name}": values for name, values in curves.items()})
    if curves:
        tracking.log_figure(context, run_id, draw_curves(curves), "plots/fit.png")
    if row["metrics"]:
        tracking.log_figure(context, run_id, draw_metrics(row["metrics"]), "plots/metrics.png")
    tracking.log_dict(context, run_id, row, "row.json")
    tracking.log_dict(context, run_id, _decision(job, context), "decision.json")
    for window in job.windows:
        path = context.path("validation", f"{window.name}.json")
        tracking.log_dict(context, run_id, read_json(path), f"validation/{window.name}.json")
    _log_graph(run_id, job, context)
    tracking.log_datasets(context, run_id, _inputs(job, context))
    tracking.log_tags(context, run_id, {"verdict": row["verdict"], "version": _version(job, context)})


def _numbers(row: dict[str, Any], job: Job, context: Context) -> dict[str, float]:
    numbers = {
        f"{model}/{part}/{metric}": value
        for model, parts in row["metrics"].items()
        for part, metrics in parts.items()
        for metric, value in metrics.items()
    }
    fit = read_result("fit", job, context)
    if "cpu_seconds" in fit:
        numbers |= {"cost/fit_cpu_seconds": fit["cpu_seconds"], "cost/fit_wall_seconds": fit["wall_seconds"]}
    for step in ("collect", "validate", "snapshot", "refresh", "evaluate"):
        record = find_record(step, job, context)
        if record:
            numbers[f"cost/{step}_cpu_seconds"] = record.cpu_seconds
    delta = read_result("refresh", job, context)["delta"]
    numbers |= {f"graph/{name}": float(value) for name, value in delta.items()}
    proof = read_result("refresh", job, context)["proof"]
    if proof:
        numbers["graph/largest_weight_difference"] = proof["largest_weight_difference"]
    return numbers | {"events/accepted": float(row["accepted"]), "events/quarantined": float(row["quarantined"])}


def _log_graph(run_id: str, job: Job, context: Context) -> None:
    """Stats of the window's graph, and, of an update, what differs from the graph of the window before."""
    found = find_graph(context, job.name)
    tracking.log_dict(context, run_id, tell_stats(found), "graph/stats.json")
    previous = context.calendar.previous(job.window)
    if job.kind == "bootstrap" or previous is None or previous.name not in windows_with_graphs(context):
        return
    try:
        before = find_graph(context, previous.name).open()
    except StoreError as error:  # the window's own graph was rebuilt without it
        context.say(f"{job.name} report: no difference is told, {error.what}")
        return
    told = tell_difference(before, found.open())
    words = difference_in_words(told)
    tracking.log_dict(context, run_id, told | {"words": words}, "graph/diff.json")
    title = f"# What {job.name} changed in the interest graph\n\n"
    tracking.log_text(context, run_id, title + "".join(f"- {line}\n" for line in words), "graph/diff.md")


def _decision(job: Job, context: Context) -> dict[str, Any]:
    return {step: read_result(step, job, context) for step in ("snapshot", "refresh", "plan", "gate", "promote")}


def _inputs(job: Job, context: Context) -> list[tracking.DatasetUse]:
    snapshot = read_result("snapshot", job, context)
    return [
        tracking.DatasetUse(
            name=f"partition {window}", digest=snapshot["digests"][window], source=f"{context.path('registry')}@{tag}"
        )
        for window, tag in snapshot["tags"].items()
    ]


def _version(job: Job, context: Context) -> str:
    return read_result("promote", job, context)["version"] or ""
