"""A contest in which some users teach and others are judged, on one graph."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.contests.contest import Contest, drawn_users
from models.recommender import Slice


@dataclass(frozen=True)
class AcrossUsers(Contest):
    """What is taken after the one graph: `taken` by half of the users, who are judged, and `taught` by the others."""

    taught: tuple[Tensor, ...] = ()

    def slices(self, span: int) -> list[Slice]:
        return [Slice(self.heteros[span], self.taught[span])]


def across_users(contest: Contest) -> AcrossUsers:
    """The last span for tuning of `contest`, for choosing how to learn where there is no earlier lesson to learn from.

    Half of its users, drawn evenly, teach and the rest are judged: nothing after the span is touched.
    """
    span = contest.tuning[-1]
    pairs = contest.taken[span]
    teaches = torch.isin(pairs[0], drawn_users(pairs, len(pairs[0].unique()) // 2))
    plain = replace(
        contest, graphs=[contest.graphs[span]], taken=[pairs[:, ~teaches]], tuning=range(1), testing=range(0)
    )
    return AcrossUsers(**vars(plain) | {"name": f"{contest.name} across users", "taught": (pairs[:, teaches],)})
