"""Complete Journey, collected, checked and snapshotted once, and learned from up to any instant."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor
from torch_geometric.data import HeteroData

from features.graph import InterestGraph
from features.hetero import to_hetero
from models.catalogue import rebuild as recommender_of
from models.recommender import Recommender, Slice
from models.state import State
from pipelines.context import Context, read_context
from pipelines.graphs.folding import fold_through, rebuild
from pipelines.jobs import bootstrap_job
from pipelines.judging.lessons import bought_between
from pipelines.judging.ranker import make_candidate
from pipelines.runner import run_step
from pipelines.serving.model_files import read_state, write_state


@dataclass(frozen=True)
class Learned:
    """A recommender's state, the graph as of the instant it learned up to, and what learning took."""

    state: State
    graph: InterestGraph
    cpu_seconds: float

    def over(self, hetero: HeteroData) -> Recommender:
        return recommender_of(self.state, hetero)


def prepare(until: str) -> Context:
    """Snapshots of all windows before `until`, in the benchmarks' own home; kept for the next run."""
    base = read_context(lambda message: print(message, file=sys.stderr))
    home = base.settings.home / "benchmarks" / "home"
    context = replace(base, settings=replace(base.settings, home=home))
    for step in ("collect", "validate", "snapshot"):
        run_step(step, bootstrap_job(until, context), context)
    return context


def learn_in_full(context: Context, instant: datetime) -> Learned:
    """From scratch: fold everything, learn from the last `fit.slices` spans."""
    length = context.params.window.length
    with stopwatch() as spent:
        instants = [instant - length * back for back in range(context.params.fit.slices, -1, -1)]
        graphs = list(rebuild(context, instants))
        slices = [
            Slice(to_hetero(graph), bought_between(start, end, graph, context))
            for graph, (start, end) in zip(graphs, pairwise(instants), strict=False)
        ]
        recommender = make_candidate(context.params.fit)
        recommender.fit(slices, to_hetero(graphs[-1]))
        state = save(recommender)
    return Learned(state, graphs[-1], spent[0])


def learn_from(base: Learned, context: Context, start: datetime, end: datetime) -> Learned:
    """Incrementally: fold what came from `start`, where `base` learned up to, to `end`; go on from its weights."""
    with stopwatch() as spent:
        graph = fold_between(base.graph, context, start, end)
        before = to_hetero(base.graph)
        recommender = recommender_of(base.state, before)
        recommender.update([Slice(before, bought_between(start, end, base.graph, context))], to_hetero(graph))
        state = save(recommender)
    return Learned(state, graph, spent[0])


def only_refresh(base: Learned, context: Context, start: datetime, end: datetime) -> Learned:
    """The control: fold, and put the old weights over the new graph."""
    with stopwatch() as spent:
        graph = fold_between(base.graph, context, start, end)
        recommender = recommender_of(base.state, to_hetero(graph))
        state = save(recommender)
    return Learned(state, graph, spent[0])


def fold_between(graph: InterestGraph, context: Context, start: datetime, end: datetime) -> InterestGraph:
    """Read only the windows that hold the delta."""
    calendar = context.calendar
    first = (start - calendar.origin) // calendar.length
    last = -(-(end - calendar.origin) // calendar.length)
    windows = [calendar.at(index) for index in range(first, last)]
    return next(fold_through(context, graph, windows, [end], after=start))


def truth(context: Context, graph: InterestGraph, start: datetime, end: datetime) -> Tensor:
    return bought_between(start, end, graph, context)


def save(recommender: Recommender) -> State:
    """Write the weights and read them back, as an update does."""
    with TemporaryDirectory() as folder:
        return read_state(write_state(Path(folder) / "state", recommender.state()))


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """CPU seconds of this process in a list of one, filled when the block ends."""
    spent = [0.0]
    started = time.process_time()
    yield spent
    spent[0] = time.process_time() - started
