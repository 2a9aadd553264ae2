"""Rank-biased overlap: by hand, and what holds of any lists."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.list_changes import rank_biased_overlap


def overlap(ours: list[int], theirs: list[int], p: float = 0.9) -> float:
    return rank_biased_overlap(torch.tensor([ours]), torch.tensor([theirs]), persistence=p).item()


def test_two_swapped_items_by_hand() -> None:
    # agreement at depth 1: 0, at depth 2: 1
    assert overlap([1, 2], [2, 1], p=0.5) == pytest.approx(1 * 0.25 + (0.5 / 0.5) * (0 * 0.5 + 1 * 0.25))


@given(st.permutations(range(8)), st.permutations(range(8)), st.floats(0.1, 0.99))
def test_it_lies_between_none_and_equal_and_does_not_depend_on_the_side(a: list[int], b: list[int], p: float) -> None:
    found = overlap(a[:5], b[:5], p)
    assert -1e-12 <= found <= 1 + 1e-12
    assert found == pytest.approx(overlap(b[:5], a[:5], p))
    assert overlap(a, a, p) == pytest.approx(1)


def test_a_change_at_the_head_counts_more_than_one_at_the_tail() -> None:
    assert overlap([9, 1, 2, 3], [0, 1, 2, 3]) < overlap([0, 1, 2, 9], [0, 1, 2, 3]) < 1


def test_lists_without_a_common_item_have_none_and_empty_places_are_not_common() -> None:
    assert overlap([0, 1], [2, 3]) == 0
    assert overlap([0, -1], [0, -1]) < 1
    assert overlap([-1, -1], [-1, -1]) == 0


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[1, 2\] and \[1, 1\]"):
        rank_biased_overlap(torch.tensor([[0, 1]]), torch.tensor([[0]]))
