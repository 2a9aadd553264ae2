"""When things happen: the year's seasons, the week's and the day's rhythm, and campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from sources.marketplace.chance import Floats, For, Ints, stream
from sources.marketplace.settings import Settings
from sources.marketplace.words import DEPARTMENT_OF, DEPARTMENTS, LEAVES

DAY_MS = 86_400_000
CAMPAIGN_EVERY, CAMPAIGN_DAYS, DISCOUNT = 14, 10, 0.2

_WEEK = np.array([0.92, 0.90, 0.93, 0.97, 1.06, 1.16, 1.06])  # from Monday
_HOURS = np.array([3, 2, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 13, 12, 11, 11, 12, 14, 17, 20, 22, 21, 15, 8], float)
_CLOCK = np.arange(25) * (DAY_MS // 24)
_PASSED = np.concatenate([[0.0], np.cumsum(_HOURS) / _HOURS.sum()])


@dataclass(frozen=True)
class Campaign:
    """Days [first, last) on which a department is advertised, and its items can be redeemed with a discount."""

    code: str
    department: int
    first: int
    last: int


@dataclass(frozen=True)
class Rhythm:
    """The calendar of one simulation; days are counted from 0 at its start."""

    settings: Settings

    @cached_property
    def volume(self) -> Floats:
        """[days] share of all events that each day has; they add up to 1."""
        weekday = np.array([self._date(day).weekday() for day in range(self.settings.options.days)])
        share = _WEEK[weekday] * (1 + 0.12 * np.cos(self._angle(np.arange(len(weekday)), 345)))
        return share / share.sum()

    @cached_property
    def campaigns(self) -> tuple[Campaign, ...]:
        rng = stream(self.settings.options.seed, For.CAMPAIGNS)
        firsts = range(3, self.settings.options.days, CAMPAIGN_EVERY)
        departments = [int(rng.random() * len(DEPARTMENTS)) for _ in firsts]
        return tuple(
            Campaign(f"c{place:02d}", department, first, min(first + CAMPAIGN_DAYS, self.settings.options.days))
            for place, (first, department) in enumerate(zip(firsts, departments, strict=True), start=1)
        )

    @cached_property
    def yearly(self) -> tuple[Floats, Floats]:
        """[leaves] how strongly each leaf swings over the year (0 to 0.5), and its best day of the year."""
        rng = stream(self.settings.options.seed, For.SEASONS)
        return 0.5 * rng.random(len(LEAVES)), np.floor(365 * rng.random(len(LEAVES)))

    def season(self, day: int) -> Floats:
        """[leaves] how much the day favours each leaf, around 1."""
        swing, best = self.yearly
        return 1 + swing * np.cos(self._angle(np.array(day), best))

    def campaign_of_leaf(self, day: int) -> Ints:
        """[leaves] the campaign running for each leaf, -1 for none."""
        running = np.full(len(LEAVES), -1)
        for place, campaign in enumerate(self.campaigns):
            if campaign.first <= day < campaign.last:
                running[campaign.department == DEPARTMENT_OF] = place
        return running

    def _date(self, day: int) -> date:
        return self.settings.start + timedelta(days=day)

    def _angle(self, day: Ints, best: Floats | int) -> Floats:
        offset = self.settings.start.timetuple().tm_yday - 1
        return np.asarray(2 * np.pi * (day + offset - best) / 365.25, float)


def clock(share: Floats) -> Ints:
    """Milliseconds into the day by which `share` of its visits have begun."""
    return np.interp(share, _PASSED, _CLOCK).astype(np.int64)


def share_passed(fraction: float) -> float:
    """The share of a day's visits that begin in its first `fraction`: the inverse of `clock`."""
    return float(np.interp(fraction * DAY_MS, _CLOCK, _PASSED))
