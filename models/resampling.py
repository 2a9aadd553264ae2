"""How sure a mean difference is: the paired bootstrap over users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

CHUNK_DRAWS = 4_000_000
"""Users drawn at once over all resamples of a chunk: 32 MB."""
KEPT_DRAWS = 25_000_000
"""Draws that are kept for the next values: at most 200 MB."""


@dataclass(frozen=True)
class Bounds:
    """A mean and its one-sided bounds: above `lower`, and below `upper`, each with the confidence asked for."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Resampled:
    """A mean, and the sorted means of its bootstrap resamples."""

    mean: float
    means: np.ndarray

    @property
    def error(self) -> float:
        """The bootstrap's standard error of the mean."""
        return float(self.means.std())

    def bounds(self, confidence: float) -> Bounds:
        lower, upper = np.quantile(self.means, [1 - confidence, confidence])
        return Bounds(self.mean, float(lower), float(upper))

    def p_above(self, threshold: float) -> float:
        """p-value of the claim that the mean is above `threshold`: the share of resamples that are not, never 0."""
        return (1 + int(np.searchsorted(self.means, threshold, side="right"))) / (len(self.means) + 1)

    def p_below(self, threshold: float) -> float:
        """p-value of the claim that the mean is below `threshold`, or at it."""
        return (1 + len(self.means) - int(np.searchsorted(self.means, threshold, side="right"))) / (len(self.means) + 1)


def resample(differences: np.ndarray, *, resamples: int, seed: int) -> Resampled:
    """The mean of `differences` [users] (candidate − other, the same users), users drawn anew with replacement.

    Percentile bootstrap (Efron & Tibshirani 1993, section 13.3; for rankers: Sakai 2006). Equal input and seed give
    equal means. Raises ValueError for no users, and for values that are not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"differences are [users], at least one; these are {list(values.shape)}")
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} of {len(values)} differences are not finite")
    if resamples < 1:
        raise ValueError(f"resamples {resamples} have to be 1 or more")
    means = _resampled_means(values, resamples, seed)
    means.sort()
    return Resampled(float(values.mean()), means)


def resample_groups(values: np.ndarray, belongs: np.ndarray, *, resamples: int, seed: int) -> np.ndarray:
    """[resamples, groups] means of `values` over those who belong (1; else 0, and their value is 0), both
    [users, groups], users drawn anew from all with replacement; NaN where nobody of a group was drawn.

    Groups may share users, and their means then go together as they do in the data.
    """
    drawn = [np.stack([times @ values, times @ belongs]) for times in _times_in_chunks(len(values), resamples, seed)]
    sums, counts = np.concatenate(drawn, axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0))


def bootstrap_mean(differences: np.ndarray, *, confidence: float, resamples: int, seed: int) -> Bounds:
    """`resample`, and the quantiles 1 − confidence and confidence of the means."""
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence {confidence} has to lie between 0.5 and 1")
    return resample(differences, resamples=resamples, seed=seed).bounds(confidence)


def _resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """[resamples]; the draws do not depend on the values, so that those of one size are kept for the next values."""
    if resamples * len(values) <= KEPT_DRAWS:
        return _times_drawn(len(values), resamples, seed) @ values / len(values)
    means, generator = np.empty(resamples), np.random.default_rng(seed)
    chunk = max(1, CHUNK_DRAWS // len(values))
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        means[start : start + rows] = values[_drawn(rows, len(values), generator)].mean(axis=1)
    return means


@lru_cache(maxsize=2)
def _times_drawn(users: int, resamples: int, seed: int) -> np.ndarray:
    """[resamples, users] how often each user is drawn."""
    return np.concatenate(list(_times_in_chunks(users, resamples, seed)))


def _times_in_chunks(users: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """[a part of the resamples, users] one after the other."""
    generator = np.random.default_rng(seed)
    chunk = max(1, CHUNK_DRAWS // users)
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        places = _drawn(rows, users, generator) + users * np.arange(rows)[:, None]
        yield np.bincount(places.ravel(), minlength=rows * users).reshape(rows, users).astype(np.float64)


def _drawn(rows: int, users: int, generator: np.random.Generator) -> np.ndarray:
    return generator.integers(0, users, size=(rows, users), dtype=np.int64)
