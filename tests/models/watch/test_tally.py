"""The variance of a mean of returning users is that of the mean, not of as many strangers."""

from __future__ import annotations

import numpy as np
import pytest

from models.watch.tally import Estimate, Tally


def drawn(
    many: int, *, users: int = 300, days: int = 8, effect: float = 0.0, shared: float = 0.0, seed: int = 0
) -> tuple[Tally, np.ndarray]:
    """`many` tallies of noise of deviation 1, effects of users and of days; a third of the users come a day."""
    generator = np.random.default_rng(seed)
    effects, tally = generator.normal(0, effect, (many, users)), Tally((many, users))
    pairs = np.zeros(many)
    for _ in range(days):
        judged = generator.random((many, users)) < 1 / 3
        values = effects + generator.normal(size=(many, users)) + generator.normal(0, shared, (many, 1))
        tally.add(np.where(judged, values, 0.0), judged)
        pairs += judged.sum(axis=1)
    return tally, pairs


@pytest.mark.parametrize(
    ("effect", "shared"), [(0.0, 0.0), (1.0, 0.0), (0.0, 0.5), (1.0, 0.5)], ids=["neither", "users", "days", "both"]
)
def test_the_variance_is_that_of_the_mean_or_a_little_more(effect: float, shared: float) -> None:
    """More, where days do not differ: they only ever add."""
    found = drawn(1500, effect=effect, shared=shared)[0].estimate()
    assert 0.9 < float(found.variance.mean()) / float(found.mean.var()) < 1.4


def test_taking_every_difference_for_news_would_say_far_too_little_where_users_keep_their_effects() -> None:
    tally, pairs = drawn(200, effect=2.0)
    independent = (1 + 2.0**2) / pairs
    assert (tally.estimate().variance > 1.5 * independent).all()


def test_without_clusters_the_variance_is_the_usual_one() -> None:
    values = np.random.default_rng(3).normal(size=(2, 50))
    tally = Tally((100,))
    for day in range(2):
        judged = np.arange(100) // 50 == day
        tally.add(np.where(judged, np.tile(values[day], 2), 0.0), judged)
    found, both = tally.estimate(), values.ravel()
    assert float(found.mean) == pytest.approx(both.mean())
    assert float(found.variance) >= both.var(ddof=1) / 100 - 1e-12  # a day more or less apart only adds
    assert (float(found.users), float(found.days)) == (100, 2)


def test_few_days_that_differ_much_leave_few_degrees_of_freedom_and_days_alike_leave_those_of_users() -> None:
    apart, _ = drawn(50, shared=3.0)
    assert (apart.estimate().degrees < 9).all()
    alike, judged = Tally((100,)), np.ones(100, dtype=bool)
    for _ in range(5):
        alike.add(np.linspace(-1, 1, 100), judged)
    assert float(alike.estimate().degrees) == pytest.approx(99)


def test_a_day_without_users_is_none_and_one_user_or_day_has_no_variance() -> None:
    tally, nobody = Tally((3,)), np.zeros(3, dtype=bool)
    tally.add(np.zeros(3), nobody)
    tally.add(np.array([0.1, 0.2, 0.0]), np.array([True, True, False]))
    found: Estimate = tally.estimate()
    assert (float(found.days), float(found.users), float(found.mean)) == (1, 2, pytest.approx(0.15))
    assert np.isnan(found.variance)
