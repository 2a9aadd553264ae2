"""Drift is nothing between equals, alike both ways, bounded, and blind to names."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ortho_group

from models.watch.divergence import SPREAD, jensen_shannon, psi
from models.watch.drift import (
    PSI_MUCH,
    PSI_SOME,
    Drift,
    cold_drift,
    degree_buckets,
    divergence_drift,
    embedding_drift,
    psi_drift,
)

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10_000), min_size=1).filter(
    lambda counts: sum(counts.values()) > 0
)
MEASURES = pytest.mark.parametrize("measure", [psi, jensen_shannon])


@MEASURES
@given(counts=COUNTS, other=COUNTS, times=st.integers(1, 50))
def test_it_is_0_if_and_only_if_shares_are_equal(
    measure: type, counts: dict[str, int], other: dict[str, int], times: int
) -> None:
    many = {key: count * times for key, count in counts.items()}
    assert measure(counts, many | {"never": 0}) == pytest.approx(0.0, abs=1e-12)
    shares = ({key: side.get(key, 0) / sum(side.values()) for key in "abcdefgh"} for side in (counts, other))
    first, second = shares
    if max(abs(first[key] - second[key]) for key in first) > 1e-3:
        assert measure(counts, other) > 1e-9


@MEASURES
@given(before=COUNTS, after=COUNTS)
def test_it_is_alike_both_ways_and_blind_to_names(measure: type, before: dict[str, int], after: dict[str, int]) -> None:
    found = measure(before, after)
    assert measure(after, before) == pytest.approx(found, abs=1e-12)
    renamed = [{chr(ord("z") - ord(key)) + key: count for key, count in side.items()} for side in (before, after)]
    assert measure(*renamed) == pytest.approx(found, abs=1e-12)


@given(before=COUNTS, after=COUNTS)
def test_they_are_bounded(before: dict[str, int], after: dict[str, int]) -> None:
    assert 0 <= jensen_shannon(before, after) <= 1
    assert 0 <= psi(before, after) + 1e-12 <= 2 * math.log(1 + 8 / SPREAD)


@given(before=COUNTS, after=COUNTS)
def test_the_divergence_is_scipys_distance_squared(before: dict[str, int], after: dict[str, int]) -> None:
    p, q = ([side.get(key, 0) for key in "abcdefgh"] for side in (before, after))
    assume(jensen_shannon(before, after) > 1e-9)  # where it is about 0, SciPy takes the root of less than nothing
    assert jensen_shannon(before, after) == pytest.approx(float(jensenshannon(p, q, base=2)) ** 2, abs=1e-9)


def test_reference_values() -> None:
    half, tilted = {"a": 50, "b": 50}, {"a": 60, "b": 40}
    assert psi(half, tilted) == pytest.approx(0.1 * math.log(1.2) - 0.1 * math.log(0.8), rel=0.01)
    assert jensen_shannon({"a": 3}, {"b": 7}) == 1.0
    assert psi({"a": 3}, {"b": 7}) == pytest.approx(2 * (1 - SPREAD) * math.log(2 / SPREAD), rel=0.01)


def test_a_category_that_one_side_lacks_counts_by_its_share() -> None:
    before = {"a": 1000, "b": 1000}
    rare, frequent = psi(before, before | {"new": 20}), psi(before, before | {"new": 1000})
    assert 0 < rare < PSI_SOME and frequent > PSI_MUCH


def test_a_psi_is_violated_above_its_threshold() -> None:
    mix = {"view": 80_000, "purchase": 20_000}
    same, moved = (psi_drift("events", mix, other) for other in (mix, {"view": 50_000, "purchase": 50_000}))
    assert (same.violated, moved.violated) == (False, True)
    assert moved.said.startswith("events 0.4") and "is above 0.2500: PSI over 2 categories" in moved.said
    assert psi_drift("events", mix, {"view": 70_000, "purchase": 30_000}, threshold=0.05).violated


@pytest.mark.parametrize("categories", [3, 40, 300])
def test_chance_alone_seldom_violates_a_psi_though_counts_are_few(categories: int) -> None:
    generator = np.random.default_rng(3)
    shares = 1 / np.arange(1, categories + 1)
    drawn = generator.multinomial(150, shares / shares.sum(), size=(500, 2)).tolist()
    pairs = [tuple(dict(zip(map(str, range(categories)), side, strict=True)) for side in pair) for pair in drawn]
    assert sum(bool(psi_drift("categories", *pair, threshold=0.0).violated) for pair in pairs) <= 4
    if categories > 3:
        assert sum(psi(*pair) > PSI_SOME for pair in pairs) > 450  # what the guard is for


def test_counts_too_few_for_any_category_are_not_measured_and_few_ones_need_a_large_psi() -> None:
    found = psi_drift("categories", {"a": 3, "b": 4}, {"c": 5})
    assert found.violated is None and found.said.endswith("7 and 5 counts are too few to compare")
    few = psi_drift("categories", {"a": 15, "b": 15}, {"a": 20, "b": 10}, threshold=0.1)
    assert few.threshold > 0.5 and not few.violated and few.said.endswith("as much as chance may show of so few")


def test_rare_categories_are_taken_together_and_told() -> None:
    before = {"a": 500, "b": 500} | {f"rare-{each}": 1 for each in range(30)}
    after = {"a": 500, "b": 500} | {f"other-{each}": 1 for each in range(30)}
    found = psi_drift("categories", before, after)
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert "PSI over 3 categories, 60 rare ones taken together" in found.said


@pytest.mark.parametrize("empty", [{}, {"a": 0}])
def test_a_side_without_counts_is_not_measured(empty: dict[str, float]) -> None:
    for found in (
        psi_drift("events", empty, {"a": 1}),
        psi_drift("events", {"a": 1}, empty),
        divergence_drift("events", {"a": 1}, empty, threshold=0.1),
    ):
        assert (found.value, found.violated) == (None, None)
        assert found.said == "events was not measured: one side has no counts"
    with pytest.raises(ValueError, match="no counts"):
        psi(empty, {"a": 1})


@MEASURES
@pytest.mark.parametrize("bad", [math.nan, math.inf, -1])
def test_counts_that_cannot_be_are_refused_by_name(measure: type, bad: float) -> None:
    with pytest.raises(ValueError, match=r"counts are finite and 0 or more: \{'b'"):
        measure({"a": 1}, {"a": 1, "b": bad})


def test_a_divergence_is_violated_above_its_threshold() -> None:
    found = divergence_drift("categories", {"a": 500, "b": 500}, {"a": 500}, threshold=0.2)
    assert found.violated and found.value == pytest.approx(0.3113, abs=1e-4)
    assert not divergence_drift("categories", {"a": 500}, {"a": 900}, threshold=0.2).violated


@pytest.mark.parametrize("drift", [psi_drift, divergence_drift])
def test_many_categories_and_few_events_of_one_law_seldom_drift(drift: Callable[..., Drift]) -> None:
    """As a day's innermost categories are: thousands of events on hundreds of categories, of which most are rare."""
    random, shares = np.random.default_rng(3), 1 / np.arange(1, 1001)
    names = [f"c{place}" for place in range(1000)]
    days = [
        drift(
            "categories",
            *(
                dict(zip(names, random.multinomial(size, shares / shares.sum()), strict=True))
                for size in (12_000, 3_000)
            ),
            threshold=0.0,
        )
        for _ in range(200)
    ]
    assert sum(bool(day.violated) for day in days) <= 3
    moved = dict(zip(names, random.multinomial(3_000, shares[::-1] / shares.sum()), strict=True))
    before = dict(zip(names, random.multinomial(12_000, shares / shares.sum()), strict=True))
    assert drift("categories", before, moved, threshold=0.0).violated


def test_degrees_are_counted_by_powers_of_two() -> None:
    found = degree_buckets(np.array([0, 0, 1, 2, 3, 4, 7, 8, 100]))
    assert found == {"0": 2, "1": 1, "2-3": 2, "4-7": 2, "8-15": 1, "64-127": 1}
    assert degree_buckets(np.array([])) == {}
    with pytest.raises(ValueError, match="0 or more"):
        degree_buckets(np.array([1, -1]))


def test_the_cold_are_those_active_whom_the_model_does_not_know() -> None:
    found = cold_drift("cold users", np.array([5, 5, 5, 7, 9, 9]), np.array([5, 6]), threshold=0.5)
    assert (found.value, found.violated) == (pytest.approx(2 / 3), True)
    assert "2 of 3 are not known to the model" in found.said
    assert not cold_drift("cold users", np.array([5]), np.array([5]), threshold=0.0).violated
    assert cold_drift("cold users", np.array([]), np.array([5]), threshold=0.5).violated is None


def embeddings(rows: int = 40, factors: int = 6, seed: int = 1) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).normal(size=(rows, factors)))


@given(st.integers(0, 1000), st.integers(2, 8), st.floats(0.1, 10))
def test_embeddings_that_only_turned_or_grew_have_not_shifted(seed: int, factors: int, scale: float) -> None:
    before = embeddings(40, factors, seed)
    turned = scale * before @ ortho_group.rvs(factors, random_state=seed)
    found = embedding_drift("items", before, np.concatenate([turned, embeddings(5, factors, seed + 1)]), threshold=0.01)
    assert found.value == pytest.approx(0.0, abs=1e-9) and found.violated is False


@given(st.integers(0, 1000))
def test_a_shift_lies_in_0_to_1_alike_both_ways_and_grows_with_noise(seed: int) -> None:
    before, noise = embeddings(60, 6, seed), embeddings(60, 6, seed + 5000)
    shifts = [embedding_drift("items", before, before + far * noise, threshold=0.1).value for far in (0.1, 1.0, 100.0)]
    little, much, unlike = (shift if shift is not None else math.nan for shift in shifts)
    assert 0 <= little < much < unlike <= 1
    back = embedding_drift("items", before + noise, before, threshold=0.1).value
    assert back == pytest.approx(much)


def test_rows_without_direction_are_left_out_and_too_few_rows_are_not_measured() -> None:
    before = embeddings()
    after = before.copy()
    after[3] = 0
    found = embedding_drift("items", before, after, threshold=0.01)
    assert found.value == pytest.approx(0.0, abs=1e-9) and "39 rows" in found.said
    for few, other, why in (
        (before[:7], after, "6 rows in common are too few for 6 factors"),
        (before, embeddings(factors=5), "6 factors before, 5 after"),
        (before, embeddings(rows=0), "0 rows in common"),
    ):
        none = embedding_drift("items", few, other, threshold=0.01)
        assert none.violated is None and why in none.said


def test_embeddings_that_are_not_finite_are_refused() -> None:
    broken = embeddings()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"items.*finite"):
        embedding_drift("items", embeddings(), broken, threshold=0.1)
