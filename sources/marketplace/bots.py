"""Bots: users that read the catalogue in bursts, page after page, at a pace that no person keeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sources.marketplace.chance import For, Ints, hashed
from sources.marketplace.settings import Settings

PACE_MS = 2_000
"""Milliseconds from one page to the next."""

_SHARE, _BURSTS_EACH, _LONGEST, _SHORTEST = 0.01, 10, 400, 60
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Bursts:
    """Bursts of `length` views each: the bot that reads, the day, and the milliseconds of it at which it begins."""

    bot: Ints
    day: Ints
    at: Ints
    length: int

    def on(self, day: int) -> Ints:
        return np.flatnonzero(self.day == day)


def bursts(settings: Settings) -> Bursts:
    """The bursts of a simulation, about one in a hundred of its events; none where bots are not among its flaws."""
    options = settings.options
    length = min(max(options.events // 100, _SHORTEST), _LONGEST)
    count = max(round(_SHARE * options.events / length), 1) if "bots" in settings.flaws else 0
    place = np.arange(count)
    day = np.floor((place + hashed(options.seed, For.BOTS, place, 0)) * options.days / max(count, 1)).astype(np.int64)
    at = hashed(options.seed, For.BOTS, place, 1) * (_DAY_MS - length * PACE_MS)
    return Bursts(place % _bots(count), day, at.astype(np.int64), length)


def bot_ids(settings: Settings) -> pa.Array:
    """Ids that look like anybody's; they follow those of the people."""
    count = len(bursts(settings).bot)
    first = settings.options.users
    return pa.array([f"u{first + bot:07d}" for bot in range(_bots(count) if count else 0)], pa.string())


def _bots(count: int) -> int:
    return max(-(-count // _BURSTS_EACH), 1)
