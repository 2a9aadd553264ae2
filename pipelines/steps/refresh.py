"""Refresh: the graph as of the cut and as of the window's end, and what the window changed."""

from __future__ import annotations

from typing import Any

from expectations.graph import check_graph
from features.difference import compare
from features.graph import InterestGraph
from features.kinds import BY_NAME
from features.proof import prove
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.files import digest_json
from pipelines.graphs.erasures import read_erasures
from pipelines.graphs.files import write_graph
from pipelines.graphs.folding import fold_through, rebuild
from pipelines.graphs.forgotten import carried_out, check_requests
from pipelines.graphs.numbering import keep_rows
from pipelines.graphs.parents import Parent, find_parent, refresh_digest
from pipelines.jobs import Job
from pipelines.records import read_result
from pipelines.snapshots.partitions import rows_digest


def run(job: Job, context: Context) -> dict[str, Any]:
    """Fold the job's windows into the last graph; a missing or differently made last graph means a rebuild, said so."""
    check_requests(context)
    instants = [job.cut(context.params.evaluate), job.window.end]
    parent = find_parent(job, context)
    if parent.graph is None:
        # the whole window's delta is told against the graph before it, so a rebuild stops there too
        before, at_cut, at_end = keep_rows(rebuild(context, [job.windows[0].start, *instants]), context)
    else:
        before = parent.graph
        at_cut, at_end = fold_through(context, before, job.windows, instants, forgotten=parent.erasures)
    _check(at_end, job)
    places = {"cut": at_cut, "end": at_end}
    about = _about(parent, job, context) | {"edges": {name: len(at_end.edge_table(name)) for name in BY_NAME}}
    hashes = {
        place: write_graph(context.path("graphs", job.name, place), graph, about=about)
        for place, graph in places.items()
    }
    return {
        "hashes": hashes,
        "delta": compare(before, at_end).to_dict(),
        "note": parent.note,
        "proof": _verify(parent, at_end, job, context),
        "outputs": [f"graphs/{job.name}/{place}" for place in places],
    }


def fingerprint(job: Job, context: Context) -> str:
    """Which users are to be forgotten: one more request, and the step is to be run again."""
    return digest_json([each.until for each in read_erasures(context)])


def _about(parent: Parent, job: Job, context: Context) -> dict[str, Any]:
    return {
        "window": job.name,
        "parent": {"window": parent.window, "hash": parent.hash} if parent.hash else None,
        "refresh": refresh_digest(context),
        "rows": rows_digest(context, job.window),
        "snapshots": read_result("snapshot", job, context)["tags"],
        **carried_out(read_erasures(context)),
    }


def _verify(parent: Parent, folded: InterestGraph, job: Job, context: Context) -> dict[str, Any] | None:
    """Every `refresh.verify_every` windows, what a rebuild comes to; None where there is nothing to compare."""
    every = context.params.refresh.verify_every
    if parent.hash is None or not every or context.calendar.index(job.window) % every:
        return None
    context.say(f"{job.name} refresh: building the graph from scratch as well, to compare it with the folded one")
    proof = prove(folded, next(rebuild(context, [job.window.end])))
    told = {
        "folded": proof.digests[0],
        "rebuilt": proof.digests[1],
        "largest_weight_difference": proof.largest_difference,
        "holds": proof.holds,
    }
    if not proof.holds:
        raise ContractError(
            f"the folded graph is not what a rebuild gives: {told}",
            where=f"graph of window {job.name}",
            mend=f"remove graphs/{parent.window} and run the same command again: it rebuilds; and please report this",
        )
    return told


def _check(graph: InterestGraph, job: Job) -> None:
    check = check_graph(graph.edges, n_users=len(graph.users), n_items=len(graph.items), as_of=graph.as_of)
    if not check.passed:
        raise ContractError(
            f"the graph breaks its promises: {'; '.join(check.reasons)}",
            where=f"graph of window {job.name}",
            mend="compare the snapshot with its validation result; nothing was written, the champion keeps serving",
        )
