"""What users buy again and again: an item, a period and a phase for each, so that any day's purchases can be told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sources.marketplace.catalogue import NEVER, Catalogue
from sources.marketplace.chance import Floats, For, Ints, hashed, stream
from sources.marketplace.people import People
from sources.marketplace.settings import Options
from sources.marketplace.words import LEAVES

EACH = 3
"""How many staples a user has at most."""
LOOSE = 0.25
"""A purchase comes up to this share of its period after it is due."""
PURCHASE_SHARE = 0.025
"""The share of all events that are purchases of staples, where users are enough to buy that many."""


@dataclass(frozen=True)
class Staples:
    """Rows (user, item, period, phase), users rising: purchase m happens at phase + (m + LOOSE · hash) · period.

    Times are in days since the simulation's start, of which the fraction is the share of the day's visits passed.
    """

    seed: int
    user: Ints
    item: Ints
    period: Floats
    phase: Floats
    first: Ints
    last: Ints

    def turn_at(self, day: float) -> Ints:
        """[staples] the number of the last purchase that was due at or before `day`."""
        return np.floor((day - self.phase) / self.period).astype(np.int64)

    def bought_at(self, turn: Ints) -> Floats:
        """[staples] when the purchase numbered `turn` happens."""
        rows = np.arange(len(self.user))
        return self.phase + (turn + LOOSE * hashed(self.seed, For.DUE, rows, turn)) * self.period

    def due(self, day: int, low: float, high: float) -> tuple[Ints, Floats]:
        """Rows bought in [day + low, day + high), and when; a period is longer than a day, so at most once."""
        turn = self.turn_at(day + high)
        rows, times = [], []
        for each in (turn, turn - 1):
            at = self.bought_at(each)
            here = np.flatnonzero((at >= day + low) & (at < day + high) & (self.first <= day) & (day < self.last))
            rows.append(here)
            times.append(at[here] - day)
        return np.concatenate(rows), np.concatenate(times)


def build_staples(options: Options, catalogue: Catalogue, people: People) -> Staples:
    rng = stream(options.seed, For.STAPLES)
    lasting = (catalogue.born == 0) & (catalogue.gone == NEVER)
    eaten = np.array([place for place, leaf in enumerate(LEAVES) if leaf.period and not leaf.new])
    periods = np.array([leaf.period for leaf in LEAVES], float)
    shape = (len(people), EACH)
    leaf = eaten[np.floor(rng.random(shape) * len(eaten)).astype(np.int64)]
    period = periods[leaf] * (0.85 + 0.3 * rng.random(shape))
    phase = (rng.random(shape) - 1) * period
    wanted, choice = rng.random(shape), rng.random(shape)
    alive = np.maximum(np.minimum(people.gone, options.days) - people.born, 0)
    expected = float((alive[:, None] / period).sum())
    kept = wanted < min(PURCHASE_SHARE * options.events / max(expected, 1.0), 1.0)
    user, slot = np.nonzero(kept)
    return Staples(
        seed=options.seed,
        user=user,
        item=_pick(catalogue, lasting, leaf[user, slot], people.segment[user], choice[user, slot]),
        period=period[user, slot],
        phase=phase[user, slot],
        first=people.born[user],
        last=people.gone[user],
    )


def _pick(catalogue: Catalogue, lasting: np.ndarray, leaf: Ints, segment: Ints, chance: Floats) -> Ints:
    """For each (leaf, segment), one of the leaf's items that are always on sale."""
    total = np.concatenate([[0.0], np.cumsum(catalogue.weights * lasting)])
    low = total[segment * len(catalogue) + catalogue.leaf_start[leaf]]
    high = total[segment * len(catalogue) + catalogue.leaf_start[leaf + 1]]
    at = np.minimum(low + chance * (high - low), np.nextafter(high, low))
    return np.searchsorted(total, at, side="right") - 1 - segment * len(catalogue)
