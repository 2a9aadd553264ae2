"""How far the world has moved from what a model learned: event mix, categories, degrees, who is cold, embeddings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import orthogonal_procrustes
from scipy.stats import chi2

from models.watch.divergence import counted, jensen_shannon_of, psi_of, vectors

PSI_SOME, PSI_MUCH = 0.1, 0.25
"""Custom calls less than the first no change, more than the second a shift (Siddiqi 2006, chapter 6)."""
BY_CHANCE = 0.001
"""How seldom a sample of the same law shows a PSI above the threshold."""
RARE = 10
"""A category is rare that the smaller side would have fewer of, if shares were equal."""


@dataclass(frozen=True)
class _Measure:
    """`of` counts of both sides; of two samples of one law it is `share_of_chi2` times χ² · (1/n + 1/m)."""

    called: str
    of: Callable[[np.ndarray, np.ndarray], float]
    share_of_chi2: float


_PSI = _Measure("PSI", psi_of, 1.0)
_DIVERGENCE = _Measure("Jensen–Shannon divergence, in bits,", jensen_shannon_of, 1 / (8 * math.log(2)))


@dataclass(frozen=True)
class Drift:
    """One signal, `violated` where its `value` is above `threshold`. Value and flag are None where there was nothing to
    measure, and `said` says why; that is neither a violation nor the lack of one."""

    name: str
    value: float | None
    threshold: float
    violated: bool | None
    said: str


def psi_drift(
    name: str, before: Mapping[str, float], after: Mapping[str, float], *, threshold: float = PSI_MUCH
) -> Drift:
    """The population stability index of counts by category, against `threshold`, or what chance makes of few counts.

    By chance alone PSI is about χ² · (1/n + 1/m) with a degree of freedom for each category but one, where n and m are
    the two totals (Yurdakul & Naranjo 2020): its upper `BY_CHANCE` quantile is the least threshold. For that to hold,
    categories too rare for χ² (Cochran 1954) are taken together.
    """
    if not counted(before) or not counted(after):
        return _unmeasured(name, threshold, "one side has no counts")
    return _compared(name, before, after, _PSI, threshold)


def divergence_drift(name: str, before: Mapping[str, float], after: Mapping[str, float], *, threshold: float) -> Drift:
    """The Jensen–Shannon divergence (bits) of counts by category, against `threshold`, or what chance makes of few.

    Where shares are about equal it is an eighth of PSI in nats, both being χ² to the second order; so is its chance.
    """
    if not counted(before) or not counted(after):
        return _unmeasured(name, threshold, "one side has no counts")
    return _compared(name, before, after, _DIVERGENCE, threshold)


def degree_buckets(degrees: np.ndarray) -> dict[str, float]:
    """How many nodes have a degree of 0, 1, 2–3, 4–7 and so on: counts that `psi` can compare. `degrees` are whole."""
    if len(degrees) and (not np.isfinite(degrees).all() or np.min(degrees) < 0):
        raise ValueError("degrees are finite and 0 or more")
    buckets, counts = np.unique(np.frexp(np.floor(degrees))[1], return_counts=True)
    return {_bucket(int(bucket)): float(count) for bucket, count in zip(buckets, counts, strict=True)}


def cold_drift(name: str, active: np.ndarray, known: np.ndarray, *, threshold: float) -> Drift:
    """The share of those who were `active` (ids, each counted once) that the model did not learn of (`known`)."""
    seen = np.unique(active)
    if not len(seen):
        return _unmeasured(name, threshold, "nobody was active")
    cold = int((~np.isin(seen, known)).sum())
    return _judged(name, cold / len(seen), threshold, f"{cold} of {len(seen)} are not known to the model")


def embedding_drift(name: str, before: np.ndarray, after: np.ndarray, *, threshold: float) -> Drift:
    """The mean cosine distance of rows known to both, after the best rotation of one onto the other: in [0, 1].

    `before` and `after` [rows, factors]: the same row is the same node, and the longer has new ones at its end. Rows
    are brought to length 1 first, so that the rotation that `orthogonal_procrustes` finds (Schönemann 1966) makes the
    mean cosine as large as can be; for embeddings: Hamilton, Leskovec & Jurafsky 2016. Rows of length 0 have no
    direction and are left out. With no more rows than factors any rotation fits, and nothing is measured.
    """
    if before.ndim != 2 or after.ndim != 2 or not (np.isfinite(before).all() and np.isfinite(after).all()):
        raise ValueError(f"{name}: embeddings {before.shape} and {after.shape} are not [rows, factors], all finite")
    factors, common = before.shape[1], min(len(before), len(after))
    if after.shape[1] != factors:
        return _unmeasured(name, threshold, f"{factors} factors before, {after.shape[1]} after")
    lengths = [np.linalg.norm(side[:common], axis=1, keepdims=True) for side in (before, after)]
    directed = ((lengths[0] > 0) & (lengths[1] > 0)).ravel()
    rows = int(directed.sum())
    if rows <= factors:
        return _unmeasured(name, threshold, f"{rows} rows in common are too few for {factors} factors")
    old, new = (
        side[:common][directed] / length[directed] for side, length in zip((before, after), lengths, strict=True)
    )
    _, cosines = orthogonal_procrustes(new, old)
    return _judged(name, min(1.0, max(0.0, 1 - float(cosines) / rows)), threshold, f"{rows} rows in common")


def _compared(
    name: str, before: Mapping[str, float], after: Mapping[str, float], measure: _Measure, threshold: float
) -> Drift:
    old, new, rare = _frequent(before, after)
    if rare and len(old) == 1:
        return _unmeasured(name, threshold, f"{old.sum():g} and {new.sum():g} counts are too few to compare")
    chance = 1 / old.sum() + 1 / new.sum()
    least = float(chi2.isf(BY_CHANCE, max(len(old) - 1, 1))) * chance * measure.share_of_chi2
    said = f"{measure.called} over {len(old)} categories" + (f", {rare} rare ones taken together" if rare else "")
    said += ", as much as chance may show of so few" if least > threshold else ""
    return _judged(name, measure.of(old, new), max(threshold, least), said)


def _frequent(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray, int]:
    """Counts of both sides, in which categories rarer than `RARE` are one, and how many these were."""
    old, new = vectors(before, after)
    smaller = min(old.sum(), new.sum())
    rare = (old + new) * smaller / (old.sum() + new.sum()) < RARE
    if not rare.any():
        return old, new, 0
    old, new = (np.append(side[~rare], side[rare].sum()) for side in (old, new))
    return old, new, int(rare.sum())


def _bucket(exponent: int) -> str:
    first, last = (0, 0) if exponent == 0 else (2 ** (exponent - 1), 2**exponent - 1)
    return f"{first}" if first == last else f"{first}-{last}"


def _judged(name: str, value: float, threshold: float, said: str) -> Drift:
    violated = value > threshold
    verb = "is above" if violated else "is not above"
    return Drift(name, value, threshold, violated, f"{name} {value:.4f} {verb} {threshold:.4f}: {said}")


def _unmeasured(name: str, threshold: float, why: str) -> Drift:
    return Drift(name, None, threshold, None, f"{name} was not measured: {why}")
