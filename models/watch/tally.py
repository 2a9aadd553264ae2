"""The mean of paired differences over users who return, and how sure it is: variance clustered by user and by day.

Users come on several days, and what a model does to one user it does again; all users of one day share that day. Both
make differences alike, and a variance that takes each for news of its own would be too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """`mean` of all differences, the `variance` of that mean, and the `degrees` of freedom it is known with.

    `users` and `days` were judged at least once. All have the leading shape of the tally; numbers are NaN where fewer
    than two users or two days were judged, since then there is nothing to cluster.
    """

    mean: np.ndarray
    variance: np.ndarray
    degrees: np.ndarray
    users: np.ndarray
    days: np.ndarray


class Tally:
    """Running sums of each user and each day, for any number of champions at once: the last axis is that of users."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        leading = shape[:-1]
        self._sums, self._counts = np.zeros(shape), np.zeros(shape)
        self._squares, self._days = np.zeros(leading), np.zeros(leading)
        self._day_sums, self._day_products, self._day_counts = (np.zeros(leading) for _ in range(3))

    @property
    def users(self) -> int:
        """How many there is room for."""
        return self._sums.shape[-1]

    def widen(self, users: int) -> None:
        """Make room for `users` at least; new ones were not judged yet."""
        missing = [(0, 0)] * (self._sums.ndim - 1) + [(0, max(0, users - self.users))]
        self._sums, self._counts = np.pad(self._sums, missing), np.pad(self._counts, missing)

    def add(self, differences: np.ndarray, judged: np.ndarray) -> None:
        """A day: `differences` [..., users], 0 where `judged` [..., users] is False. A day without users is none."""
        day_sum, day_count = differences.sum(axis=-1), judged.sum(axis=-1)
        self._sums += differences
        self._counts += judged
        self._squares += (differences**2).sum(axis=-1)
        self._day_sums += day_sum**2
        self._day_products += day_sum * day_count
        self._day_counts += day_count.astype(float) ** 2
        self._days += day_count > 0

    def estimate(self) -> Estimate:
        """Two-way clustered (Cameron, Gelbach & Miller 2011, equation 2.11): V = V_user + (V_day − V_pair).

        Each V_g is n/(n − 1) · Σ_g (the sum of g's deviations from the mean)², over the n clusters of g. We depart from
        the paper in that days only ever add: where they differ by no more than their users do, the bracket is 0.
        Degrees of freedom: Satterthwaite 1946, of the two terms, with users − 1 and days − 1.
        """
        pairs, users = self._counts.sum(axis=-1), (self._counts > 0).sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self._sums.sum(axis=-1) / pairs
            by_user = ((self._sums - mean[..., None] * self._counts) ** 2).sum(axis=-1) * users / (users - 1)
            by_day = self._day_sums - 2 * mean * self._day_products + mean**2 * self._day_counts
            beyond = by_day * self._days / (self._days - 1) - (self._squares - pairs * mean**2)
            beyond = np.where(beyond < 0, 0.0, beyond)
            variance = by_user + beyond
            degrees = variance**2 / (by_user**2 / (users - 1) + beyond**2 / (self._days - 1))
            degrees = np.where(variance == 0, users - 1.0, degrees)
        return Estimate(mean, variance / pairs**2, degrees, users, self._days.copy())
