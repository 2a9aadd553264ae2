"""Simulated champions are what they are said to be, and the benchmark watches them as the project does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import watch
from benchmarks.watch import NEVER, NULLS, RULES, WORSE, _t_test, _watch
from benchmarks.watch_days import DAYS, Champion, draw
from models.watch.sequential import JudgedDay
from models.watch.sequential import watch as watch_days


@pytest.mark.parametrize("champion", [*NULLS, *WORSE], ids=lambda champion: champion.name)
def test_differences_have_the_mean_that_is_said_and_lie_between_their_bounds(champion: Champion) -> None:
    days = list(draw(champion, 40, np.random.default_rng(1)))
    judged = np.array([day[1] for day in days])
    found = np.array([day[0] for day in days])
    assert len(days) == DAYS and np.abs(found).max() <= 1 and not found[~judged].any()
    assert 90 < judged.sum(axis=2).mean(axis=1).min() < 120 and 370 < judged.sum(axis=2).mean(axis=1).max() < 410
    means = found.sum(axis=(0, 2)) / judged.sum(axis=(0, 2))
    assert means.mean() == pytest.approx(champion.mean, abs=4 * means.std() / np.sqrt(40))


@pytest.mark.parametrize("champion", [WORSE[0], WORSE[4], NULLS[6]], ids=lambda champion: champion.name)
def test_the_first_alarm_is_that_of_the_watch_itself(champion: Champion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "CHUNK", 5)
    first = _watch(champion, np.random.default_rng(3))["watch"]
    drawn = list(draw(champion, 5, np.random.default_rng(3)))
    for one in range(5):
        days = [
            JudgedDay(f"day {number:02}", np.flatnonzero(judged[one]), found[one][judged[one]])
            for number, (found, judged) in enumerate(drawn)
        ]
        result = watch_days(days, RULES)
        assert first[one] == (result.days if result.finding == "REGRESSED" else NEVER)


def test_the_t_test_holds_its_level_when_looked_at_once_at_what_is_news_each_time() -> None:
    values = np.random.default_rng(4).normal(-RULES.margin, 0.05, (4000, 200))
    sums = np.array([np.full(4000, 200.0), values.sum(axis=1), (values**2).sum(axis=1)])
    assert _t_test(sums).mean() == pytest.approx(RULES.alpha, abs=0.012)
