"""Has the champion become worse than its reference? A sequential test that may be looked at every day.

The reference is the version before the champion; both lists are graded by the same purchases. Null: the mean difference
(champion − reference) is −margin or more. Chosen by measurement (`make bench-watch`): the mixture sequential test on
the clustered estimate. A betting e-process on daily means (Waudby-Smith & Ramdas 2024) needs no asymptotics, but sees
nothing of a small loss within a month.

What it assumes. (1) Enough users that their mean is near normal; hence `min_users`, and Student's law for few days.
(2) What comes later of a user, or of a day, is not set against what came before: an estimate whose increments are
uncorrelated has the canonical joint distribution (Jennison & Turnbull 2000, chapter 11), and lasting effects of users,
which correlate them positively, only make it cross a boundary less often (Slepian 1962). (3) The days are not picked
by what they show. The mean is over judged days of users: who comes more often weighs more. A mean of users' own means
would neither gain information steadily nor have such increments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.watch.mixture import log_evidence, upper_bound
from models.watch.tally import Estimate, Tally

Finding = Literal["REGRESSED", "WATCHING", "TOO_FEW"]
"""REGRESSED: the loss is proven. TOO_FEW: so few users or days that nothing is said."""


@dataclass(frozen=True, kw_only=True)
class WatchRules:
    """`margin`: the loss in the metric that is borne. `alpha`: the chance that a champion that lost no more is ever
    found to have regressed. `typical_loss`: a loss beyond the margin as one expects it where there is one; the test is
    keenest there and holds its level whatever it is. Nothing is said before `min_users` users and `min_days` days.

    Raises ValueError for rules that cannot be.
    """

    margin: float
    alpha: float
    typical_loss: float
    min_users: int
    min_days: int

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1 or not 0 < self.alpha < 0.5 or not 0 < self.typical_loss <= 1:
            raise ValueError(f"margin lies in [0, 1), alpha between 0 and .5, typical_loss in (0, 1]: {self}")
        if self.min_users < 2 or self.min_days < 2:
            raise ValueError(f"min_users and min_days are 2 or more: {self}")


@dataclass(frozen=True)
class JudgedDay:
    """`differences` [n] of a metric in [0, 1], champion − reference, of `users` [n], each once; `day` sorts by time.

    Raises ValueError for differences that are not finite or outside [−1, 1], and for a user who comes twice.
    """

    day: str
    users: np.ndarray
    differences: np.ndarray

    def __post_init__(self) -> None:
        users, differences = self.users, self.differences
        if users.ndim != 1 or users.shape != differences.shape:
            raise ValueError(f"{self.day}: users {users.shape} and differences {differences.shape} are not [n] both")
        bad = int((~(np.isfinite(differences) & (np.abs(differences) <= 1))).sum())
        if bad:
            raise ValueError(f"{self.day}: {bad} of {len(users)} differences are not finite or outside -1 to 1")
        again = len(users) - len(np.unique(users))
        if again:
            raise ValueError(f"{self.day}: {again} of {len(users)} users come more than once")


@dataclass(frozen=True)
class Watched:
    """What the days up to `last_day` show: the mean difference, its upper bound (anytime, confidence 1 − alpha), the
    always-valid p-value, how many users and days were judged. None: too few to say, or no day at all."""

    finding: Finding
    reason: str
    estimate: float | None
    bound: float | None
    p_value: float | None
    users: int
    days: int
    last_day: str | None


def watch(days: Sequence[JudgedDay], rules: WatchRules) -> Watched:
    """Judge the champion by all `days` since its promotion, looking after each, as if one had.

    A pure function of the days: once they prove a loss, those after change nothing, so that a re-run finds the same.
    Days without users are passed over. Raises ValueError where days do not rise.
    """
    names = [day.day for day in days]
    if names != sorted(set(names)):
        raise ValueError(f"days have to rise, each once: {', '.join(names)}")
    judged = [day for day in days if len(day.users)]
    if not judged:
        return Watched("TOO_FEW", "no user was judged yet", None, None, None, 0, 0, None)
    tally, most = Tally((0,)), -math.inf
    for day, rows in zip(judged, _rows(judged), strict=True):
        _add(tally, day, rows)
        found = tally.estimate()
        if _enough(found, rules):
            evidence = log_evidence(found, at=-rules.margin, typical=rules.typical_loss)
            most = max(most, float(evidence))
        if most >= math.log(1 / rules.alpha):
            break
    return _watched(found, day.day, most, rules)


def _rows(days: Sequence[JudgedDay]) -> list[np.ndarray]:
    """Of each day's users their rows, in order of first appearance: later days move nobody, not even by rounding."""
    users = np.concatenate([day.users for day in days])
    _, first, which = np.unique(users, return_index=True, return_inverse=True)
    rows = np.argsort(np.argsort(first))[which]
    return np.split(rows, np.cumsum([len(day.users) for day in days])[:-1])


def _add(tally: Tally, day: JudgedDay, rows: np.ndarray) -> None:
    tally.widen(int(rows.max()) + 1)
    differences, judged = np.zeros(tally.users), np.zeros(tally.users, dtype=bool)
    differences[rows], judged[rows] = day.differences, True
    tally.add(differences, judged)


def _enough(found: Estimate, rules: WatchRules) -> bool:
    return int(found.users) >= rules.min_users and int(found.days) >= rules.min_days


def _watched(found: Estimate, last_day: str, most: float, rules: WatchRules) -> Watched:
    users, days = int(found.users), int(found.days)
    if not _enough(found, rules):
        reason = (
            f"{users} users on {days} day{'s' * (days != 1)} were judged; nothing is said before "
            f"{rules.min_users} users on {rules.min_days} days"
        )
        return Watched("TOO_FEW", reason, None, None, None, users, days, last_day)
    mean, bound = float(found.mean), upper_bound(found, alpha=rules.alpha, typical=rules.typical_loss)
    p_value = min(1.0, math.exp(-max(most, 0.0)))
    finding: Finding = "REGRESSED" if most >= math.log(1 / rules.alpha) else "WATCHING"
    verb = "is proven to be" if finding == "REGRESSED" else "is not proven to be"
    reason = (
        f"champion − reference {verb} below {-rules.margin:+.4f}: mean {mean:+.4f}, anytime upper bound {bound:+.4f} "
        f"(confidence {1 - rules.alpha:.0%}), p {p_value:.2g}, {users} users on {days} days"
    )
    return Watched(finding, reason, mean, bound, p_value, users, days, last_day)
