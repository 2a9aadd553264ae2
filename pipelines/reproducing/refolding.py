"""The graph of a past update once more: folded from the same snapshots, in the same steps, so that every byte of it,
and so its hash, can be the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import write_json
from pipelines.graphs.files import read_manifest, write_graph
from pipelines.graphs.folding import rebuild
from pipelines.jobs import Job
from pipelines.lineage.seen import Lineage
from pipelines.records import Record, write_record
from pipelines.steps import refresh


def refold(lineage: Lineage, sandbox: Context) -> dict[str, str]:
    """Make every graph from the last one that was built from scratch; the hashes of the last, `cut` and `end`.

    Where the steps of then are not known, the graph is built in one go: it holds the same, and has another hash.
    """
    hashes: dict[str, str] = {}
    for fold in folds_of(lineage):
        hashes = _there(fold, sandbox) or _fold(fold, sandbox)
    _add_cohorts(lineage, sandbox)
    return hashes


def folds_of(lineage: Lineage) -> list[Mapping[str, Any]]:
    """As the lineage has them, or the update's own alone."""
    known: list[Mapping[str, Any]] | None = lineage.get("graph_folds")
    own = {"kind": lineage["kind"], "first": lineage["windows"][0], "window": lineage["window"]}
    return known or [own | {"cut": lineage["data_cut"], "hash": lineage["graph_at_end"]}]


def job_of(fold: Mapping[str, Any], sandbox: Context) -> Job:
    calendar = sandbox.calendar
    first, last = (calendar.index(calendar.window(fold[name])) for name in ("first", "window"))
    windows = tuple(calendar.at(place) for place in range(first, last + 1))
    return Job(fold["kind"], windows, "auto")


def _there(fold: Mapping[str, Any], sandbox: Context) -> dict[str, str] | None:
    """The hashes of a graph that was made for an earlier version already, and is the very one."""
    folder = sandbox.path("graphs", fold["window"])
    try:
        hashes = {place: str(read_manifest(folder / place)["hash"]) for place in ("cut", "end")}
    except StoreError:
        return None
    return hashes if hashes["end"] == fold["hash"] else None


def _fold(fold: Mapping[str, Any], sandbox: Context) -> dict[str, str]:
    sandbox.say(f"graph of window {fold['window']}")
    job = job_of(fold, sandbox)
    write_record(Record("snapshot", "", {"tags": {}}, 0.0, 0.0), job, sandbox)
    done = refresh.run(job, _with_cut(fold, job, sandbox))
    write_record(Record("refresh", "", done, 0.0, 0.0), job, sandbox)
    hashes: dict[str, str] = done["hashes"]
    return hashes


def _with_cut(fold: Mapping[str, Any], job: Job, sandbox: Context) -> Context:
    """Params under which the job's cut is that of then, and no graph is built a second time to verify it."""
    params = sandbox.params
    holdout = "bootstrap_holdout" if job.kind == "bootstrap" else "holdout"
    span = job.window.end - datetime.fromisoformat(fold["cut"])
    changed = {
        "evaluate": params.evaluate.model_copy(update={holdout: span}),
        "refresh": params.refresh.model_copy(update={"verify_every": 0}),
    }
    return Context(sandbox.settings, params.model_copy(update=changed), sandbox.say)


def _add_cohorts(lineage: Lineage, sandbox: Context) -> None:
    """Graphs as of the cuts of past windows that the candidate's memory was judged on, where no fold made them."""
    for name, cut in sorted((lineage.get("memory_cuts") or {}).items()):
        folder = sandbox.path("graphs", name, "cut")
        if not folder.is_dir():
            write_graph(folder, next(rebuild(sandbox, [datetime.fromisoformat(cut)])), about={"window": name})


def write_memory(base: Lineage, sandbox: Context) -> None:
    """What the base version remembered, where the update that starts from it looks."""
    if base.get("memory"):
        write_json(sandbox.path("updates", base["window"], "memory.json"), base["memory"])
