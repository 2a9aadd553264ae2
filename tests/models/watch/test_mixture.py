"""The evidence is that of the mixture it claims to be, and its bound is where the evidence suffices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm
from scipy.stats import t as student

from models.watch.mixture import _as_normal, _as_student, log_evidence, upper_bound
from models.watch.tally import Estimate

MANY = 1e9


def estimate(mean: float, variance: float, degrees: float = MANY) -> Estimate:
    return Estimate(*(np.array(value) for value in (mean, variance, degrees, 100.0, 5.0)))


@pytest.mark.parametrize(("mean", "variance", "typical"), [(-0.03, 1e-4, 0.02), (0.01, 1e-3, 0.05), (-0.2, 0.01, 0.1)])
def test_the_closed_form_is_the_integral_over_half_normal_losses(mean: float, variance: float, typical: float) -> None:
    information = 1 / variance

    def likelihood(loss: float) -> float:
        """Of a loss beyond the margin, over that of none, weighed by how typical it is."""
        ratio = math.exp(loss * information * (-0.01 - mean) - loss**2 * information / 2)
        return ratio * 2 * float(norm.pdf(loss, scale=typical))

    integral, _ = quad(likelihood, 0, 12 * typical, epsabs=1e-12, epsrel=1e-10)
    found = log_evidence(estimate(mean, variance), at=-0.01, typical=typical)
    assert float(found) == pytest.approx(math.log(integral), rel=1e-6)


@given(st.floats(-0.9, 0.9), st.floats(1e-8, 0.1), st.floats(2, 500), st.floats(0.001, 0.3), st.floats(0.001, 0.4))
def test_the_evidence_against_the_upper_bound_just_suffices(
    mean: float, variance: float, degrees: float, typical: float, alpha: float
) -> None:
    found = estimate(mean, variance, degrees)
    bound = upper_bound(found, alpha=alpha, typical=typical)
    assert mean < bound <= 1
    if bound < 1:
        evidence = float(log_evidence(found, at=bound, typical=typical))
        assert evidence == pytest.approx(math.log(1 / alpha), rel=1e-3, abs=1e-3)


@given(st.floats(-0.5, 0.5), st.floats(0, 0.5), st.floats(1e-7, 0.1), st.floats(1, 1e5))
def test_a_worse_mean_is_never_less_evidence(mean: float, more: float, variance: float, degrees: float) -> None:
    better, worse = (
        float(log_evidence(estimate(each, variance, degrees), at=0.0, typical=0.02)) for each in (mean, mean - more)
    )
    assert worse >= better - 1e-9


@given(st.floats(1e-7, 0.1), st.floats(2, 100))
def test_fewer_degrees_of_freedom_are_less_evidence(variance: float, degrees: float) -> None:
    few, many = (
        float(log_evidence(estimate(-0.05, variance, each), at=0.0, typical=0.02)) for each in (degrees, degrees * 2)
    )
    assert few < many


@pytest.mark.parametrize("degrees", [2, 5, 30, 1000])
def test_a_students_score_becomes_the_normal_one_that_is_as_rare_and_back(degrees: float) -> None:
    for tail in (0.1, 0.01, 0.001):
        score = np.array(student.isf(tail, degrees))
        normal = _as_normal(score, np.array(float(degrees)))
        assert float(normal) == pytest.approx(norm.isf(tail), rel=0.05)
        assert _as_student(float(normal), degrees) == pytest.approx(float(score))


def test_differences_that_do_not_vary_are_sure() -> None:
    worse, equal = (log_evidence(estimate(mean, 0.0), at=-0.01, typical=0.02) for mean in (-0.2, 0.0))
    assert (float(worse), float(equal)) == (math.inf, -math.inf)
    assert upper_bound(estimate(-0.2, 0.0), alpha=0.05, typical=0.02) == -0.2


def test_without_a_variance_there_is_no_evidence() -> None:
    assert np.isnan(log_evidence(estimate(-0.2, math.nan), at=0.0, typical=0.02))
