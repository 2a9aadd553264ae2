"""Which graph an update folds into, and why it may not be the last one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import digest_json
from pipelines.graphs.erasures import read_erasures
from pipelines.graphs.files import check_graph_folder, read_graph, read_manifest
from pipelines.jobs import Job
from pipelines.snapshots.partitions import rows_digest
from pipelines.windows import Window


@dataclass(frozen=True)
class Parent:
    """`graph` is None where there is none to fold into; `note` says why. `erasures`: how many it has folded."""

    graph: InterestGraph | None
    note: str
    window: str | None = None
    hash: str | None = None
    erasures: int | None = None


def find_parent(job: Job, context: Context) -> Parent:
    """The graph as of the end of the window before, if it is whole and was made by these params from these rows."""
    if job.kind == "bootstrap":
        return Parent(None, "built from the first window on")
    previous = context.calendar.previous(job.window)
    folder = context.path("graphs", previous.name, "end") if previous else None
    if previous is None or folder is None or not folder.is_dir():
        return _rebuilding("the graph of the window before is missing", job, context)
    try:
        return _parent(folder, previous, job, context)
    except StoreError as error:
        return _rebuilding(f"the graph of the window before cannot be used ({error.what})", job, context)


def refresh_digest(context: Context) -> str:
    """What of the params a graph depends on; how often it is verified is not part of it."""
    told = context.params.refresh.model_dump(mode="json")
    return digest_json({name: value for name, value in told.items() if name != "verify_every"})


def _parent(folder: Path, previous: Window, job: Job, context: Context) -> Parent:
    manifest = read_manifest(folder)
    about = manifest["about"]
    if manifest["schema"] == 1:
        return _rebuilding("the graph of the window before is of an older schema", job, context)
    if about.get("refresh") != refresh_digest(context):
        return _rebuilding("params of refresh changed", job, context)
    if about.get("rows") != rows_digest(context, previous):
        return _rebuilding("rows of earlier windows changed", job, context)
    check_graph_folder(folder)  # what is folded into is kept for good, and a wrong byte with it
    open_requests = len(read_erasures(context)) - about["erasures"]
    if open_requests:
        context.say(f"{job.name} refresh: carrying out requests to forget users: {open_requests}")
    return Parent(
        read_graph(folder),
        f"folded into {previous.name}" + (f"; requests to forget users: {open_requests}" if open_requests else ""),
        window=previous.name,
        hash=manifest["hash"],
        erasures=about["erasures"],
    )


def _rebuilding(why: str, job: Job, context: Context) -> Parent:
    context.say(f"{job.name} refresh: {why}; rebuilding from the snapshots")
    return Parent(None, f"rebuilt: {why}")
