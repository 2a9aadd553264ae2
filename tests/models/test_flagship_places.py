"""Places of a user's edges by weight are those that sorting gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.flagship.places import places_by_weight, stable_order

WEIGHTS = st.lists(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]), max_size=6), max_size=6)
"""Of each user's edges; few values, so that many are equal."""


@given(WEIGHTS)
def test_the_heaviest_edge_of_each_user_is_first_and_equal_ones_keep_their_order(weights: list[list[float]]) -> None:
    counts = [len(of_user) for of_user in weights]
    places = places_by_weight(
        np.repeat(np.arange(len(weights)), counts),
        np.array([weight for of_user in weights for weight in of_user]),
        np.concatenate([[0], np.cumsum(counts)]).astype(int),
    )
    assert places.tolist() == [place for of_user in weights for place in _by_sorting(of_user)]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_the_order_by_counting_is_that_of_a_stable_sort(keys: list[int]) -> None:
    assert stable_order(np.array(keys, dtype=np.int64), 6).tolist() == np.argsort(keys, kind="stable").tolist()


def _by_sorting(weights: list[float]) -> list[int]:
    order = sorted(range(len(weights)), key=lambda edge: -weights[edge])
    return [order.index(edge) for edge in range(len(weights))]
