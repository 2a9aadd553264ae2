"""What lists are like, by hand on the toy shop, and bounded on any lists."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.list_metrics import SMOOTHING, list_facts, list_values, overall_values
from models.metric_names import known_metrics
from models.recommender import Ranking
from tests.models.toy import N_ITEMS, N_USERS, pairs, purchases, shop


def ranking(items: list[list[int]], scores: list[list[float]] | None = None) -> Ranking:
    table = torch.tensor(items, dtype=torch.int64)
    given_scores = torch.tensor(scores) if scores else -torch.arange(table.shape[1]).expand(table.shape)
    return Ranking(table, given_scores.double().masked_fill(table < 0, -math.inf))


def values(items: list[list[int]], users: list[int]) -> dict[str, torch.Tensor]:
    return list_values(ranking(items), torch.tensor(users), list_facts(shop()), len(items[0]))


def test_what_few_have_is_novel() -> None:
    # items 0 and 4: three buyers of six users; item 8: none; smoothed by one
    found = values([[0, 4], [0, 8]], [0, 1])["novelty_at_2"]
    assert found.tolist() == pytest.approx([-math.log2(4 / 7), (-math.log2(4 / 7) - math.log2(1 / 7)) / 2])


@pytest.mark.parametrize(
    ("items", "diversity"), [([0, 1, 2], 0.0), ([0, 1, 4], 2 / 3), ([0, 4, 8], 1.0), ([0, -1, -1], 0.0)]
)
def test_lists_are_diverse_by_pairs_of_different_categories(items: list[int], diversity: float) -> None:
    assert values([items], [0])["diversity_at_3"].item() == pytest.approx(diversity)


def test_a_list_like_what_the_user_has_lifts_nothing() -> None:
    found = values([[0, 1], [8, -1]], [0, 0])["popularity_lift_at_2"]
    own = (4 / 7 + 3 / 7 + 3 / 7) / 3  # items 0, 1 and 2
    assert found.tolist() == pytest.approx([(4 / 7 + 3 / 7) / 2 / own - 1, 1 / 7 / own - 1])


def test_lists_of_the_users_own_categories_do_not_diverge_and_others_do() -> None:
    found = values([[0, 1], [4, 5]], [0, 0])["category_divergence_at_2"]
    assert found.tolist() == pytest.approx([0.0, math.log(1 / SMOOTHING)])


def test_a_user_without_anything_is_compared_with_what_all_have() -> None:
    bought = {pair: ages for pair, ages in purchases().items() if pair[0] != 5}
    found = list_values(ranking([[0, 1]]), torch.tensor([5]), list_facts(shop(bought)), 2)
    assert all(math.isfinite(value.item()) for value in found.values())
    assert found["category_divergence_at_2"].item() > 0


def test_the_same_list_for_everybody_is_not_personal() -> None:
    users, nothing = torch.tensor([0, 1]), torch.empty(2, 0, dtype=torch.int64)
    assert overall_values(ranking([[0, 1], [0, 1]]), users, nothing, 2)["personalisation_at_2"] == 0.0
    assert overall_values(ranking([[0, 1], [1, 2]]), users, nothing, 2)["personalisation_at_2"] == 0.5
    assert overall_values(ranking([[0, 1], [2, 3]]), users, nothing, 2)["personalisation_at_2"] == 1.0


def test_scores_that_are_log_odds_of_what_was_taken_have_no_error() -> None:
    users = torch.arange(10)
    lists = [[0, 1]] * 10
    taken = pairs([(user, 0 if user < 8 else 1) for user in range(10)])
    true = ranking(lists, [[math.log(0.8), math.log(0.2)]] * 10)
    sure = ranking(lists, [[10.0, -10.0]] * 10)
    assert overall_values(true, users, taken, 2)["score_error_at_2"] == pytest.approx(0, abs=1e-6)
    assert overall_values(sure, users, taken, 2)["score_error_at_2"] == pytest.approx(0.2)


@given(st.lists(st.permutations(range(N_ITEMS)), min_size=N_USERS, max_size=N_USERS), st.integers(1, N_ITEMS))
def test_every_list_metric_lies_in_its_range(lists: list[list[int]], k: int) -> None:
    given_lists, users = ranking([row[:k] for row in lists]), torch.arange(N_USERS)
    taken = pairs([(user, user) for user in range(N_USERS)])
    found = {name: value.tolist() for name, value in list_values(given_lists, users, list_facts(shop()), k).items()}
    found |= {name: [value] for name, value in overall_values(given_lists, users, taken, k).items()}
    for name, numbers in found.items():
        metric = known_metrics(k)[name]
        assert all(metric.low - 1e-9 <= number <= metric.high + 1e-9 for number in numbers), name
