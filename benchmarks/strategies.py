"""Ways to keep a recommender up to date while one span after another arrives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from benchmarks.contests.contest import Contest, untrained
from benchmarks.contests.stale import stale
from models.catalogue import rebuild
from models.recommender import Recommender, Slice
from models.state import State
from pipelines.files import digest_json


@dataclass(frozen=True)
class Kept:
    """A recommender as it stands at span `span`, and the CPU seconds that bringing it there took.

    They run from the graph in memory to the saved state.
    """

    span: int
    recommender: Recommender
    cpu_seconds: float


Settings = Mapping[str, Any]
Strategy = Callable[[Contest, str, Settings], Iterator[Kept]]
"""One `Kept` for each of a contest's spans for testing, of a kind of recommender with its settings."""


def full_refit(contest: Contest, kind: str, settings: Settings) -> Iterator[Kept]:
    """All is learned anew for each span."""
    for span in contest.testing:
        yield _fitted(contest, kind, settings, span)


def incremental(contest: Contest, kind: str, settings: Settings) -> Iterator[Kept]:
    """A full fit before the first span for testing; then each goes on from the state of the one before."""
    state = _before_the_first(contest, kind, settings)
    for span in contest.testing:
        before, started = contest.heteros[span - 1], time.process_time()
        recommender = rebuild(state, before)
        recommender.update([Slice(before, contest.taken[span - 1])], contest.heteros[span])
        state = recommender.state()
        yield Kept(span, recommender, time.process_time() - started)


def graph_only(contest: Contest, kind: str, settings: Settings) -> Iterator[Kept]:
    """A full fit before the first span for testing; after that the graph is new and what was learned is old."""
    state = _before_the_first(contest, kind, settings)
    for span in contest.testing:
        started = time.process_time()
        recommender = rebuild(state, contest.heteros[span])
        yield Kept(span, recommender, time.process_time() - started)


def never(contest: Contest, kind: str, settings: Settings) -> Iterator[Kept]:
    """A full fit before the first span for testing, and nothing after it, but that lists leave out what users have."""
    state, first = _before_the_first(contest, kind, settings), contest.heteros[contest.testing[0] - 1]
    for span in contest.testing:
        yield Kept(span, rebuild(state, stale(first, contest.heteros[span])), 0.0)


STRATEGIES: Mapping[str, Strategy] = {
    "full refit": full_refit,
    "incremental": incremental,
    "graph only": graph_only,
    "never": never,
}


def _before_the_first(contest: Contest, kind: str, settings: Settings) -> State:
    """A copy: who goes on from it may write into it."""
    asked, known = digest_json([kind, settings]), contest.before_testing
    if asked not in known:
        known[asked] = _fitted(contest, kind, settings, contest.testing[0] - 1).recommender.state()
    return deepcopy(known[asked])


def _fitted(contest: Contest, kind: str, settings: Settings, span: int) -> Kept:
    slices, started = contest.slices(span), time.process_time()
    recommender = untrained(kind, settings)
    recommender.fit(slices, contest.heteros[span])
    recommender.state()
    return Kept(span, recommender, time.process_time() - started)
