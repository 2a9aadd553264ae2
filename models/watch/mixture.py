"""How much evidence there is for a loss, at any time: a one-sided normal mixture, of a mean and its standard error."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr

from models.watch.tally import Estimate

LARGEST = 700.0
"""Beyond it `exp` is no float any more."""


def log_evidence(found: Estimate, *, at: float, typical: float) -> np.ndarray:
    """Log e-value against "the mean is `at` or more"; [...] as `found`; NaN where its variance is.

    e = ∫ exp(δ s − δ² I / 2) dF(δ), where I is the information (1 / variance), s = I · (at − mean) and F half-normal of
    scale `typical`: the loss that one expects where there is one. In closed form, with ρ = typical⁻²,

        e = 2 √(ρ / (I + ρ)) · exp(s² / (2 (I + ρ))) · Φ(s / √(I + ρ))

    (Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, Proposition 6; as a test of experiments that are looked at
    daily: Johari, Koomen, Pekelis & Walsh 2022). Under the null e reaches 1/α, ever, with chance at most α. Differences
    that do not vary at all give +∞ or −∞.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        score = _as_normal((at - found.mean) / np.sqrt(found.variance), found.degrees)
        information = 1 / found.variance
        kept = information / (information + typical**-2)
        evidence = math.log(2) - 0.5 * np.log1p(information * typical**2) + kept * score**2 / 2
        evidence = evidence + log_ndtr(np.sqrt(kept) * score)
    sure = np.where(found.mean < at, np.inf, -np.inf)
    return np.asarray(np.where(found.variance == 0, sure, evidence))


def upper_bound(found: Estimate, *, alpha: float, typical: float) -> float:
    """Of one estimate: what the mean is below, all the time, with confidence 1 − `alpha`.

    `log_evidence` against just that value is log 1/`alpha`, so that a loss is proven when the bound is below it.
    Differences lie in [−1, 1], and so 1 is the most that is said.
    """
    mean, variance = float(found.mean), float(found.variance)
    if variance == 0:
        return mean
    prior, least = variance / typical**2, math.log(1 / alpha)
    kept, fixed = 1 / (1 + prior), math.log(2) + 0.5 * (math.log(prior) - math.log1p(prior))

    def missing(score: float) -> float:
        return fixed + kept * score**2 / 2 + float(log_ndtr(math.sqrt(kept) * score)) - least

    largest = math.sqrt(2 * (least - fixed + math.log(2)) / kept)
    score = float(brentq(missing, 0.0, largest, xtol=1e-12))
    return min(1.0, mean + _as_student(score, float(found.degrees)) * math.sqrt(variance))


def _as_normal(score: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """The normal score as rare as Student's `score` (Wallace 1959): few days or users are not taken for many."""
    shrunk = np.sqrt(degrees * np.log1p(score**2 / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    return np.asarray(np.sign(score) * shrunk)


def _as_student(score: float, degrees: float) -> float:
    """The inverse of `_as_normal`, of a score that is not negative."""
    stretched = score * (8 * degrees + 3) / (8 * degrees + 1)
    return math.sqrt(degrees * math.expm1(min(stretched**2 / degrees, LARGEST)))
