"""What a candidate learns from: slices, each the graph as of an instant and what users bought next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from ibis.backends import BaseBackend
from ibis.expr.types import Table
from torch import Tensor

from features.backend import local_backend
from features.graph import InterestGraph, microseconds
from features.hetero import next_pairs, to_hetero
from features.revisions import counting, newest_revisions
from models.recommender import Slice
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.graphs.erasures import read_erasures, without_erased
from pipelines.graphs.files import check_graph_folder, read_graph, read_manifest
from pipelines.graphs.folding import fold_through, rebuild
from pipelines.graphs.numbering import keep_rows
from pipelines.jobs import Job
from pipelines.snapshots.event_tables import open_events
from pipelines.snapshots.partitions import event_files
from pipelines.windows import Window


def full_slices(job: Job, context: Context) -> list[Slice]:
    """The last `fit.slices` spans of one window's length before the cut, from graphs built from scratch."""
    cut, length = job.cut(context.params.evaluate), context.params.window.length
    instants = [cut - length * back for back in range(context.params.fit.slices, -1, -1)]
    instants = [instant for instant in instants if instant > context.calendar.origin]
    graphs = list(keep_rows(rebuild(context, instants[:-1]), context))
    return _slices(job, context, instants, graphs)


def slices_since(first: InterestGraph, start: datetime, window: str, job: Job, context: Context) -> list[Slice]:
    """The spans from `start` (the champion's cut, in `window`, with its graph `first`) to the job's cut, broken at the
    cuts between."""
    between = [each for each in context.calendar.before(job.window.start) if each.name > window]
    holdout = context.params.evaluate.holdout
    cuts = [each.end - holdout for each in between]
    graphs = [first, *(graph_as_of(cut, context, each.name) for cut, each in zip(cuts, between, strict=True))]
    return _slices(job, context, [start, *cuts, job.cut(context.params.evaluate)], graphs)


def graph_as_of(instant: datetime, context: Context, window: str) -> InterestGraph:
    """The graph the window's refresh wrote for `instant`, or one rebuilt where that is missing or damaged. Nothing is
    learned from whoever asked to be forgotten since it was written."""
    folder, why = context.path("graphs", window, "cut"), "is missing"
    try:
        if folder.is_dir() and read_manifest(folder)["as_of"] == microseconds(instant):
            return _forgetful(folder, instant, context)
    except StoreError as error:
        why = f"cannot be used ({error.what})"
    context.say(f"graph as of {instant:%Y-%m-%d %H:%M} {why}; rebuilding it")
    return next(keep_rows(rebuild(context, [instant]), context))


def _forgetful(folder: Path, instant: datetime, context: Context) -> InterestGraph:
    """The graph in `folder`, as of `instant`, without all who asked to be forgotten; StoreError where it is damaged."""
    forgotten, asked = read_manifest(folder)["about"].get("erasures", 0), len(read_erasures(context))
    check_graph_folder(folder)
    graph, own = read_graph(folder), context.calendar.before(instant)[-1:]
    if forgotten >= asked:
        return graph
    return next(fold_through(context, graph, own, [instant], after=instant, forgotten=forgotten))


def bought_between(
    start: datetime, end: datetime, graph: InterestGraph, context: Context, known_by: Window | None = None
) -> Tensor:
    """[2, n] pairs (user row, item row of `graph`) bought in `[start, end)`, as far as known by `known_by`."""
    windows = {window.name for window in context.calendar.before(end) if window.end > start}
    files = [file for file in event_files(context) if file.belongs in windows]
    if known_by is not None:
        files = [file for file in files if file.arrived <= known_by.name]
    with local_backend() as backend:
        return bought_of(open_events([file.path for file in files], backend), start, end, graph, context, backend)


def bought_of(
    events: Table, start: datetime, end: datetime, graph: InterestGraph, context: Context, backend: BaseBackend
) -> Tensor:
    """[2, n] pairs bought in `[start, end)`, of all revisions of `events`, as `features.delta.Delta` holds them."""
    events = without_erased(events, read_erasures(context), moment="at")
    events = events.filter(events["at"] < microseconds(end))
    alive = counting(events, newest_revisions(events)).filter(events["at"] >= microseconds(start))
    return next_pairs(backend.to_pandas(alive.select("user_id", "item_id", "event_type")), graph)


def _slices(job: Job, context: Context, instants: Sequence[datetime], graphs: Sequence[InterestGraph]) -> list[Slice]:
    return [
        Slice(to_hetero(graph), bought_between(start, end, graph, context, job.window))
        for graph, (start, end) in zip(graphs, pairwise(instants), strict=True)
    ]
