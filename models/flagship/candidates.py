"""Which items are worth ranking for a user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from models.flagship.favoured import Favoured
from models.flagship.keys import contains, distinct, ranges
from models.flagship.settings import RankerSettings
from models.flagship.similar import Similar
from models.flagship.standing import Standing

BLOCK = 64
"""Users at once: scores of all items for them stay within some 20 MB."""


@dataclass(frozen=True)
class Candidates:
    """Distinct pairs of a `place` [n] among the users who were asked about and an `item` row [n], sorted by both.

    `walks` [n] are the strengths of walks from user to item, where the standing has walks.
    """

    place: np.ndarray
    item: np.ndarray
    walks: np.ndarray | None = None


def candidates(standing: Standing, users: np.ndarray, hop_mix: Tensor, settings: RankerSettings) -> Candidates:
    """Those of `users` [n]: history, most demanded, first by the formula, and of favoured groups.

    `hop_mix` [hops] weighs the hops of both ends in the graph channel's inner product. Where users take nothing
    `again`, what they have is left out.
    """
    finder = _Finder(standing, hop_mix, settings)
    firsts = range(0, max(1, len(users)), BLOCK)
    found = [finder.of(users[first : first + BLOCK]) for first in firsts]
    return Candidates(
        place=np.concatenate([part.place + first for part, first in zip(found, firsts, strict=True)]),
        item=np.concatenate([part.item for part in found]),
        walks=np.concatenate([part.walks for part in found if part.walks is not None]) if standing.walks else None,
    )


def single(standing: Standing, user: int, item: int) -> Candidates:
    """The one pair of the user asked about and `item`."""
    walks = standing.walks.strengths(np.array([user]))[0, [item]] if standing.walks else None
    return Candidates(np.array([0]), np.array([item]), walks)


class _Finder:
    """What is the same for all users, read once."""

    def __init__(self, standing: Standing, hop_mix: Tensor, settings: RankerSettings) -> None:
        self._standing, self._again = standing, settings.again
        self._popular = np.argsort(-standing.demand[:, 0], kind="stable")[: settings.popular]
        self._similar = Similar(standing, hop_mix, settings)
        self._favoured = [Favoured(group, settings.favoured) for group in standing.groups.values() if group.count]

    def of(self, users: np.ndarray) -> Candidates:
        """At most BLOCK users'."""
        standing = self._standing
        walks = standing.walks.strengths(users) if standing.walks else None
        parts = [
            *([_history(standing, users)] if self._again else []),
            np.repeat(np.arange(len(users)), len(self._popular)) * standing.items + np.tile(self._popular, len(users)),
            self._similar.of(users, walks),
            *(favoured.of(users, standing.items) for favoured in self._favoured),
        ]
        keys = distinct(np.concatenate(parts))
        place, item = keys // standing.items, keys % standing.items
        if not self._again:
            kept = ~contains(standing.owned, users[place] * standing.items + item)
            place, item = place[kept], item[kept]
        return Candidates(place, item, None if walks is None else walks[place, item])


def _history(standing: Standing, users: np.ndarray) -> np.ndarray:
    counts = standing.start[users + 1] - standing.start[users]
    edges = ranges(standing.start[users], counts)
    return np.repeat(np.arange(len(users)), counts) * standing.items + standing.item_of[edges]
