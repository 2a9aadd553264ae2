"""The flagship: candidates of four channels, ranked by a network that learned from what users did next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from models.explanation import explanation
from models.flagship.candidates import candidates, single
from models.flagship.contributions import contributions
from models.flagship.embeddings import Embeddings
from models.flagship.inputs import build_rows
from models.flagship.lessons import make_lesson
from models.flagship.listing import rank
from models.flagship.network import ChannelNetwork
from models.flagship.replay import Replay
from models.flagship.rows import Rows
from models.flagship.schedule import Schedule, going_on, in_full
from models.flagship.segments import user_segments
from models.flagship.settings import RankerSettings
from models.flagship.standing import Standing, stand
from models.flagship.training import train
from models.ranking import check_pair, check_users
from models.recommender import FitReport, Ranking, Recommender, Slice
from models.state import State
from models.threads import one_thread

NETWORK, SHIFT = "network/", "shift/"
"""What names of a state's tensors begin with: the network's weights, and what lessons taught of embeddings."""
SCALE_USERS = 200
"""Users of each lesson that means and deviations are taken from."""


class InterestRanker(Recommender):
    """Ranks items by repeat, graph, interest and prior channels, mixed by one network (docs/model.md).

    Embeddings come from iALS and are carried over the decayed graph once a refresh. A slice is learned from with
    embeddings that end where it starts, so that nothing the network reads has seen its labels. An `update` without
    slices to the instant already learned changes nothing. Equal seeds and inputs give equal bits.
    """

    kind = "interest_ranker"
    state_format = 3

    def __init__(self, settings: RankerSettings | None = None) -> None:
        self.settings = settings or RankerSettings()
        self._network: ChannelNetwork | None = None
        self._embeddings = Embeddings(self.settings)
        self._replay = Replay(self.settings.replay_rows)
        self._half_lives: list[float] = []
        self._lessons_seen = 0
        self._stood_on: HeteroData | None = None

    def fit(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        """Learn everything anew; without slices the embeddings alone, and ranking goes by the formula.

        ValueError where there is neither a slice nor a power in the formula, and where a number is not finite.
        """
        settings = self.settings
        if not slices and not settings.near_power:
            raise ValueError("the interest ranker learns from what users did next: give at least one slice")
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._half_lives, self._embeddings, self._lessons_seen = list(graph.half_lives), Embeddings(settings), 0
            self._network = self._new_network()
            lessons = []
            for part in slices:
                self._embeddings.go_on(part.graph)
                lessons.append(self._lesson(part, self._standing_on(part.graph), settings.lesson_users))
            self._set_scale(lessons or [self._sample(graph)])
            if any(settings.formula().values()):
                self._network.start_from(settings.formula())
            report = self._train(lessons, in_full(settings))
            self._replay = Replay(settings.replay_rows)
            self._remember(lessons)
            self._settle(graph)
        return report

    def update(self, slices: Sequence[Slice], graph: HeteroData) -> FitReport:
        """Fine-tune on the new lessons and as many replayed rows, then move the embeddings on to `graph`.

        The first lessons after a fit that had none are learned as in a fit.
        """
        self._learned_network()
        if not slices and int(graph.as_of) == self._embeddings.learned_at:
            self.stand_on(graph)
            return FitReport()
        settings, report, first = self.settings, FitReport(), not self._lessons_seen
        with one_thread():
            lessons = []
            for part in slices:
                standing = self._standing if part.graph is self._stood_on else self._standing_on(part.graph)
                lessons.append(self._lesson(part, standing, settings.lesson_users if first else settings.update_users))
            if lessons:
                new_rows = sum(len(lesson) for lesson in lessons)
                replayed = self._taught(self._replay.sample(new_rows, self._generator()))
                report = self._train([*lessons, *replayed], in_full(settings) if first else going_on(settings))
                self._remember(lessons)
            self._settle(graph)
        return report

    def stand_on(self, graph: HeteroData) -> None:
        with one_thread():
            self._standing, self._stood_on = self._standing_on(graph), graph

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        network = self._learned_network()
        check_users(users, self._standing.users)
        if k < 1:
            raise ValueError(f"k is {k}; at least 1 item has to be asked for")
        with one_thread():
            return rank(self._standing, network, users, k, self.settings, new_only=new_only)

    def explain(self, user: int, item: int) -> pd.DataFrame:
        """The channels' Shapley values; `base` is the score of an average candidate."""
        network = self._learned_network()
        check_pair(user, item, (self._standing.users, self._standing.items))
        with one_thread(), torch.no_grad():
            rows = build_rows(self._standing, np.array([user]), single(self._standing, user, item))
            return explanation(contributions(network, network.standardised(rows)[0]))

    def state(self) -> State:
        network, (users, items) = self._learned_network(), self._embeddings.factors
        tensors = {"user_factors": torch.from_numpy(users.copy()), "item_factors": torch.from_numpy(items.copy())}
        tensors |= {f"{NETWORK}{name}": tensor.clone() for name, tensor in network.state_dict().items()}
        settings = asdict(self.settings) | {
            "half_lives": list(self._half_lives),
            "learned_at": self._embeddings.learned_at,
            "lessons_seen": self._lessons_seen,
        }
        tensors |= {f"{SHIFT}{side}": rows.clone() for side, rows in self._embeddings.shift.items()}
        return State(self.kind, settings, tensors | self._replay.tensors(), format=self.state_format)

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> InterestRanker:
        settings: dict[str, Any] = dict(state.settings)
        half_lives = [float(value) for value in settings.pop("half_lives")]
        learned_at, seen = settings.pop("learned_at"), settings.pop("lessons_seen")
        ranker = cls(RankerSettings(**settings))
        ranker._half_lives, ranker._lessons_seen = half_lives, int(seen)
        factors = state.tensors["user_factors"].numpy(), state.tensors["item_factors"].numpy()
        ranker._embeddings = Embeddings(ranker.settings, factors, int(learned_at), _under(SHIFT, state.tensors))
        ranker._network = ranker._new_network()
        ranker._network.load_state_dict(_under(NETWORK, state.tensors))
        ranker._replay = Replay.from_tensors(ranker.settings.replay_rows, state.tensors)
        _check_finite("state", {name: t for name, t in state.tensors.items() if not name.startswith("replay/")})
        ranker.stand_on(graph)
        return ranker

    def _new_network(self) -> ChannelNetwork:
        settings, walks = self.settings, self.settings.walk_power > 0
        return ChannelNetwork(
            len(self._half_lives),
            settings.factors,
            settings.hidden,
            hop_weight=settings.hop_weight,
            projected=settings.projected,
            walks=walks,
            theta=settings.learns_theta,
        )

    def _learned_network(self) -> ChannelNetwork:
        if self._network is None:
            raise ValueError("this interest ranker has learned nothing yet: fit it first")
        return self._network

    def _generator(self) -> torch.Generator:
        """Fresh for each fit or update, from the seed and how many lessons were ever seen."""
        return torch.Generator().manual_seed(self.settings.seed + 1_000_003 * (self._lessons_seen + 1))

    def _standing_on(self, graph: HeteroData) -> Standing:
        if list(graph.half_lives) != self._half_lives:
            raise ValueError(f"learned with half-lives {self._half_lives} days; the graph has {list(graph.half_lives)}")
        return stand(graph, self._embeddings.rows(graph), self.settings, self._embeddings.shifts(graph))

    def _lesson(self, part: Slice, standing: Standing, most: int) -> Rows:
        hop_mix = self._learned_network().hop_mix.detach()
        lesson = make_lesson(standing, part.next_pairs, hop_mix, self.settings, most, self._generator())
        self._lessons_seen += 1
        return lesson

    def _sample(self, graph: HeteroData) -> Rows:
        """Candidates of some users of `graph`, for want of a lesson."""
        self._settle(graph)
        users = torch.randperm(self._standing.users, generator=self._generator())[:SCALE_USERS].sort().values.numpy()
        hop_mix = self._learned_network().hop_mix.detach()
        return build_rows(self._standing, users, candidates(self._standing, users, hop_mix, self.settings))

    def _set_scale(self, lessons: Sequence[Rows]) -> None:
        network, generator = self._learned_network(), self._generator()
        with torch.no_grad():
            drawn = [torch.randperm(lesson.users, generator=generator)[:SCALE_USERS] for lesson in lessons]
            samples = [lesson.pick(users) for lesson, users in zip(lessons, drawn, strict=True)]
            network.set_scale(torch.cat([network.numbers(sample.full()) for sample in samples]))

    @torch.no_grad()
    def _taught(self, replayed: Sequence[Rows]) -> list[Rows]:
        """`replayed`, with the scores that the network gives them now, where an update is to stay near these."""
        network = self._learned_network()
        return [replace(rows, teacher=network(rows.full())) if self.settings.distill else rows for rows in replayed]

    def _train(self, lessons: Sequence[Rows], schedule: Schedule) -> FitReport:
        network = self._learned_network()
        if schedule.embedding_learning_rate:
            network.ends.begin(lessons)
        curves = train(network, lessons, schedule, self._generator())
        self._embeddings.learn(network.ends.end())
        _check_finite("network", network.state_dict())
        return FitReport(curves)

    def _remember(self, lessons: Sequence[Rows]) -> None:
        generator = self._generator()
        for lesson in lessons:
            self._replay.add(lesson, user_segments(lesson, self._learned_network().names), generator)

    def _settle(self, graph: HeteroData) -> None:
        """Move the embeddings on to `graph`, where they have not seen it, and stand there."""
        self._embeddings.settle(graph)
        self._standing, self._stood_on = self._standing_on(graph), graph


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those of `tensors` whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _check_finite(where: str, tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not math.isfinite(float(tensor.abs().sum())):
            raise ValueError(f"{where} tensor {name!r} holds numbers that are not finite")
