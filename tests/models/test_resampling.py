"""The bootstrap's bounds hold what they promise, and equal seeds give equal bounds."""

from __future__ import annotations

import numpy as np
import pytest

from models import resampling
from models.resampling import bootstrap_mean


def bounds(values: np.ndarray, *, confidence: float = 0.95, resamples: int = 2000, seed: int = 7) -> resampling.Bounds:
    return bootstrap_mean(values, confidence=confidence, resamples=resamples, seed=seed)


def test_each_bound_holds_the_true_mean_as_often_as_promised() -> None:
    generator = np.random.default_rng(1)
    above = below = 0
    for trial in range(400):
        found = bounds(generator.exponential(size=200) - 1.0, resamples=400, seed=trial)
        above += found.lower < 0
        below += found.upper > 0
    assert 0.92 < above / 400 < 0.98
    assert 0.90 < below / 400 < 0.98  # skewed values: the percentile bound is a little short there


def test_bounds_are_those_of_the_normal_law_for_many_users() -> None:
    values = np.random.default_rng(2).normal(0.3, 1.0, size=4000)
    found = bounds(values)
    half_width = 1.645 * values.std() / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.lower == pytest.approx(values.mean() - half_width, abs=0.1 * half_width)
    assert found.upper == pytest.approx(values.mean() + half_width, abs=0.1 * half_width)


def test_equal_input_gives_equal_bounds_and_another_seed_others() -> None:
    values = np.random.default_rng(3).normal(size=50)
    assert bounds(values) == bounds(values.copy())
    assert bounds(values).lower != bounds(values, seed=8).lower


def test_more_confidence_gives_wider_bounds() -> None:
    values = np.random.default_rng(4).normal(size=50)
    wide, narrow = bounds(values, confidence=0.99), bounds(values, confidence=0.8)
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


def test_equal_values_have_bounds_without_width() -> None:
    found = bounds(np.full(20, 0.25))
    assert (found.mean, found.lower, found.upper) == (0.25, 0.25, 0.25)


def test_draws_that_are_too_many_to_keep_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(6).normal(size=50)
    kept = resampling.resample(values, resamples=300, seed=7)
    monkeypatch.setattr(resampling, "KEPT_DRAWS", 0)
    assert resampling.resample(values, resamples=300, seed=7).means == pytest.approx(kept.means)


@pytest.mark.parametrize("kept", [0, 10**9])
def test_chunks_draw_all_resamples(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(resampling, "CHUNK_DRAWS", 7 * 50)
    monkeypatch.setattr(resampling, "KEPT_DRAWS", kept)
    values = np.random.default_rng(5).normal(size=50)
    half_width = 1.645 * values.std() / np.sqrt(50)
    found = bounds(values, resamples=3001)
    assert found.upper - found.lower == pytest.approx(2 * half_width, rel=0.15)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([]), "at least one"),
        (np.zeros((2, 2)), "at least one"),
        (np.array([0.0, np.nan]), "1 of 2"),
        (np.array([np.inf, 0.0]), "1 of 2"),
    ],
)
def test_values_without_a_mean_are_refused(values: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bounds(values)


@pytest.mark.parametrize(("confidence", "resamples"), [(0.5, 10), (1.0, 10), (0.95, 0)])
def test_bounds_that_cannot_be_are_refused(confidence: float, resamples: int) -> None:
    with pytest.raises(ValueError, match=r"confidence|resamples"):
        bounds(np.zeros(3), confidence=confidence, resamples=resamples)
