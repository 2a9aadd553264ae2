"""What twenty incremental updates forget of the weeks before: with replay, without, and kept near the champion."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from benchmarks.contests.contest import LESSONS, Contest, untrained
from benchmarks.contests.journey import journey
from benchmarks.figures import table
from models.catalogue import rebuild
from models.flagship.ranker import NETWORK
from models.flagship.settings import RankerSettings
from models.memory import of_nodes_in
from models.metrics import evaluate_slice
from models.recommender import Slice
from models.state import State
from pipelines.context import read_context
from pipelines.judging.ranker import make_candidate

FIRST, UPDATES, LEARNED, K = 27, 20, LESSONS, 20
"""The first week that is learned incrementally, how many are, and from how many before it all began: the last week that
anything is judged on is one for tuning."""
QUARTER = UPDATES // 4
"""The last so many updates are judged on the week after each, against full fits."""
DISTILL = 1.0
"""How much staying near the champion's scores weighs beside learning, in the way that has it."""
AGES = ((0, 5), (5, 10), (10, 15), (15, 20))
"""Cohorts are told by how many updates ago they were learned from."""


@dataclass(frozen=True)
class Course:
    """Of one way of updating: `lost` [updates] is the NDCG right after learning from a week less that of the last
    model, oldest week first, `lost_by_network` [updates] the same where only the network is the last model's; `ahead`
    [QUARTER] the NDCG of the last updates on the week after each."""

    lost: np.ndarray
    lost_by_network: np.ndarray
    ahead: np.ndarray


def run() -> tuple[str, dict[str, float]]:
    """Each week's purchases are ranked right after they were learned from, and by the last model, on the same graph.

    Once by the models as they are, whose embeddings have seen the week; and once by their networks over the embeddings
    of before that week, since replay is of what the network learns.
    """
    contest = journey(range(FIRST, FIRST + UPDATES + 1), before=LEARNED)
    settings = make_candidate(read_context().params.fit).settings  # type: ignore[attr-defined]
    ways = {
        "with replay": settings,
        "without replay": replace(settings, replay_rows=1),
        "with replay, near its champion": replace(settings, distill=DISTILL),
    }
    courses = {name: _follow(contest, chosen, name) for name, chosen in ways.items()}
    full = _full_refits(contest, settings)
    with_replay = courses["with replay"]
    figures = {
        "forgetting": mean_lost(with_replay.lost),
        "forgetting_without_replay": mean_lost(courses["without replay"].lost),
        "network_forgetting": mean_lost(with_replay.lost_by_network),
        "network_forgetting_without_replay": mean_lost(courses["without replay"].lost_by_network),
        "last_quarter_to_full_quality": with_replay.ahead.mean() / full.mean(),
    }
    return _text(courses, full), figures


def mean_lost(lost: np.ndarray) -> float:
    """The mean over all weeks but the last, of which nothing can have been forgotten yet."""
    return float(lost[:-1].mean())


def network_of(later: State, over: State) -> State:
    """`over` with the network of `later`, a model updated from it; the embeddings stay as they were."""
    networks = {name: tensor for name, tensor in later.tensors.items() if name.startswith(NETWORK)}
    return replace(over, tensors=over.tensors | networks)


def _follow(contest: Contest, settings: RankerSettings, name: str) -> Course:
    spans = range(LEARNED, LEARNED + UPDATES)
    recommender = untrained("interest_ranker", asdict(settings))
    recommender.fit(contest.slices(LEARNED), contest.heteros[LEARNED])
    states = [recommender.state()]
    for span in spans:
        before = contest.heteros[span]
        recommender = rebuild(states[-1], before)
        recommender.update([Slice(before, contest.taken[span])], contest.heteros[span + 1])
        states.append(recommender.state())
        print(f"forgetting, {name}: {span - LEARNED + 1} of {UPDATES} updates", file=sys.stderr)
    last, updates = states[-1], list(zip(spans, states[:-1], states[1:], strict=True))

    def lost(span: int, right_after: State, at_last: State) -> float:
        return _ndcg(contest, right_after, span) - _ndcg(contest, at_last, span)

    return Course(
        np.array([lost(span, after, last) for span, _, after in updates]),
        np.array([lost(span, network_of(after, before), network_of(last, before)) for span, before, after in updates]),
        np.array([_ndcg(contest, after, span + 1) for span, _, after in updates[-QUARTER:]]),
    )


def _full_refits(contest: Contest, settings: RankerSettings) -> np.ndarray:
    """[QUARTER] NDCG of full fits in place of the last updates, on the week after each."""
    found = []
    for span in range(LEARNED + UPDATES - QUARTER + 1, LEARNED + UPDATES + 1):
        recommender = untrained("interest_ranker", asdict(settings))
        recommender.fit(contest.slices(span), contest.heteros[span])
        found.append(_ndcg(contest, recommender.state(), span))
        print(f"forgetting, full fit before week {span - LEARNED + FIRST}: {found[-1]:.4f}", file=sys.stderr)
    return np.array(found)


def _ndcg(contest: Contest, state: State, span: int) -> float:
    graph = contest.heteros[span]
    recommender = rebuild(of_nodes_in(graph, state), graph)
    return float(evaluate_slice("all", recommender, contest.taken[span], graph, K).ndcg.mean())


def _text(courses: Mapping[str, Course], full: np.ndarray) -> str:
    whole = [
        _row(name, course.lost) | {"to full fits": f"{course.ahead.mean() / full.mean():.4f}"}
        for name, course in courses.items()
    ]
    networks = [_row(name, course.lost_by_network) for name, course in courses.items()]
    return (
        "## Forgetting (`make bench-forgetting`)\n\n"
        f"Complete Journey, {UPDATES} incremental updates from week {FIRST}: NDCG@{K} on a week's purchases right "
        "after they were learned from, less that of the model after the last update, both over the graph as of the "
        "week's start; by how long ago the week was learned from. To full fits: NDCG of the last "
        f"{QUARTER} updates on the week after each, over that of full fits in their place ({full.mean():.4f}).\n\n"
        f"{table(whole)}\n\n"
        "The network alone: those models' networks, both over the embeddings as they were before the week.\n\n"
        f"{table(networks)}"
    )


def _row(name: str, lost: np.ndarray) -> dict[str, object]:
    ago = lost[::-1]
    row: dict[str, object] = {"way": name}
    row |= {f"{first}–{last - 1} updates ago": f"{ago[first:last].mean():+.5f}" for first, last in AGES}
    return row | {"all": f"{mean_lost(lost):+.5f}"}
