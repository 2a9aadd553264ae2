"""Refresh: the graph as of the cut and as of the window's end, and what the window changed."""

from __future__ import annotations

from typing import Any

from expectations.graph import check_graph
from features.delta import compare
from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.files import digest_json
from pipelines.folding import fold_through, rebuild, start_graph
from pipelines.graph_files import read_graph, read_manifest, write_graph
from pipelines.jobs import Job
from pipelines.partitions import rows_digest
from pipelines.records import read_result


def run(job: Job, context: Context) -> dict[str, Any]:
    """Fold the job's windows into the last graph; a missing or differently made last graph means a rebuild, said so."""
    instants = [job.cut(context.params.evaluate), job.window.end]
    parent, note = _parent(job, context)
    if parent is None:
        # the whole window's delta is told against the graph before it, so a rebuild stops there too
        instants = [job.windows[0].start, *instants]
        parent, at_cut, at_end = rebuild(context, instants)
    else:
        at_cut, at_end = fold_through(context, parent, job.windows, instants)
    _check(at_end, job)
    about = {
        "window": job.name,
        "refresh": _refresh_digest(context),
        "rows": rows_digest(context, job.window),
        "snapshots": read_result("snapshot", job, context)["tags"],
    }
    hashes = {
        place: write_graph(context.path("graphs", job.name, place), graph, about=about)
        for place, graph in (("cut", at_cut), ("end", at_end))
    }
    return {
        "hashes": hashes,
        "delta": compare(parent, at_end).to_dict(),
        "note": note,
        "outputs": [f"graphs/{job.name}/cut", f"graphs/{job.name}/end"],
    }


def _parent(job: Job, context: Context) -> tuple[InterestGraph | None, str]:
    """The graph to fold into, and what to say of it."""
    if job.kind == "bootstrap":
        return start_graph(context), "built from the first window on"
    previous = context.calendar.previous(job.window)
    folder = context.path("graphs", previous.name, "end") if previous else None
    if folder is None or not folder.is_dir():
        context.say(f"{job.name} refresh: no graph of the window before; rebuilding from the snapshots")
        return None, "rebuilt: the graph of the window before is missing"
    about = read_manifest(folder)["about"]
    changed = "params of refresh" if about["refresh"] != _refresh_digest(context) else ""
    if previous and about.get("rows") != rows_digest(context, previous):
        changed = "rows of earlier windows"
    if changed:
        context.say(f"{job.name} refresh: {changed} changed; rebuilding from the snapshots")
        return None, f"rebuilt: {changed} changed"
    return read_graph(folder), f"folded into {folder.parent.name}"


def _refresh_digest(context: Context) -> str:
    return digest_json(context.params.refresh.model_dump(mode="json"))


def _check(graph: InterestGraph, job: Job) -> None:
    check = check_graph(graph.edges, n_users=len(graph.users), n_items=len(graph.items), as_of=graph.as_of)
    if not check.passed:
        raise ContractError(
            f"the graph breaks its promises: {'; '.join(check.reasons)}",
            where=f"graph of window {job.name}",
            mend="compare the snapshot with its validation result; nothing was written, the champion keeps serving",
        )
