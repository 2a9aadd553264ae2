"""Metrics against values computed by hand, and against a slow and plain second implementation."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.data import HeteroData

from models.baselines.popularity import Popularity
from models.gates.evidence import Measured
from models.metric_table import from_table, to_table
from models.metrics import UserMetrics, evaluate, measure
from models.recommender import Ranking
from tests.models.toy import pairs, shop


def ranking(items: list[list[int]]) -> Ranking:
    table = torch.tensor(items, dtype=torch.int64)
    scores = -torch.arange(table.shape[1], dtype=torch.float64).expand(table.shape).clone()
    return Ranking(table, scores.masked_fill(table < 0, -math.inf))


class Fixed(Popularity):
    """Recommends what it is told: a list of items for each user row, of which `new_only` leaves out the owned."""

    def __init__(self, lists: dict[int, list[int]], graph: HeteroData) -> None:
        super().__init__(half_life=21.0)
        self.lists = lists
        self.stand_on(graph)

    def recommend(self, users: Tensor, k: int, *, new_only: bool = False) -> Ranking:
        rows = []
        for user in users.tolist():
            owned = self._owned[user].indices.tolist() if new_only else []
            named = [item for item in self.lists[user] if item not in owned][:k]
            rows.append(named + [-1] * (k - len(named)))
        return ranking(rows) if rows else Ranking(torch.empty(0, k, dtype=torch.int64), torch.empty(0, k).double())


def test_ndcg_recall_and_hit_by_hand() -> None:
    found = measure(
        ranking([[4, 7, 1], [2, 3, 5], [0, 8, 6]]),
        torch.tensor([3, 5, 9]),
        pairs([(3, 4), (3, 1), (5, 6), (9, 8), (9, 1), (9, 2), (9, 3)]),
        k=3,
        n_items=10,
    )
    half = 1 / math.log2(3)
    assert found.ndcg.tolist() == pytest.approx([(1 + 0.5) / (1 + half), 0.0, half / (1 + half + 0.5)])
    assert found.recall.tolist() == [1.0, 0.0, 0.25]
    assert found.values["hit_rate_at_3"].tolist() == [1.0, 0.0, 1.0]
    assert found.overall["coverage_at_3"] == pytest.approx(0.9)


def test_the_ideal_list_has_ndcg_one_even_where_more_is_relevant_than_fits() -> None:
    found = measure(ranking([[2, 1]]), torch.tensor([0]), pairs([(0, 1), (0, 2), (0, 3)]), k=2, n_items=4)
    assert found.ndcg.tolist() == [1.0]
    assert found.recall.tolist() == pytest.approx([2 / 3])


def test_an_empty_place_is_no_hit() -> None:
    truth = pairs([(0, 2), (1, 0)])  # 2 is the last item
    found = measure(ranking([[-1, -1], [-1, -1]]), torch.tensor([0, 1]), truth, k=2, n_items=3)
    assert all(value.tolist() == [0.0, 0.0] for value in found.values.values())
    assert found.overall == {"coverage_at_2": 0.0}


def test_a_list_with_nan_scores_has_nan_metrics() -> None:
    lists = ranking([[1, 0], [1, 0]])
    lists.scores[1, 0] = math.nan
    found = measure(lists, torch.tensor([0, 1]), pairs([(0, 1), (1, 1)]), k=2, n_items=2)
    assert found.ndcg[0] == 1.0
    assert all(math.isnan(value[1]) for value in found.values.values())
    assert math.isnan(found.summary()["ndcg_at_2"])


def test_a_list_that_names_an_item_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="user row 7 names an item twice"):
        measure(ranking([[1, 1]]), torch.tensor([7]), pairs([(7, 1)]), k=2, n_items=2)


def test_a_list_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has shape \[1, 3\]"):
        measure(ranking([[1, 0]]), torch.tensor([7]), pairs([(7, 1)]), k=3, n_items=2)


users_and_lists = st.dictionaries(
    st.integers(0, 8), st.permutations(range(7)), min_size=1, max_size=6
)  # the catalogue has 7 items
truth = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=40)


@given(users_and_lists, truth, st.integers(1, 9))
def test_it_equals_the_formula_written_out(
    lists: dict[int, list[int]], relevant: list[tuple[int, int]], k: int
) -> None:
    wanted = {user: {item for owner, item in relevant if owner == user} for user in sorted(lists)}
    wanted = {user: items for user, items in wanted.items() if items}
    rows = [(lists[user] + [-1] * 9)[:k] for user in wanted]
    lists_of = ranking(rows) if rows else Ranking(torch.empty(0, k, dtype=torch.int64), torch.empty(0, k).double())
    known = pairs(sorted({(user, item) for user, items in wanted.items() for item in items}))
    found = measure(lists_of, torch.tensor(list(wanted), dtype=torch.int64), known, k=k, n_items=7)
    for place, (user, items) in enumerate(wanted.items()):
        gains = [1 / math.log2(at + 2) for at, item in enumerate(lists[user][:k]) if item in items]
        ideal = sum(1 / math.log2(at + 2) for at in range(min(k, len(items))))
        assert found.ndcg[place].item() == pytest.approx(sum(gains) / ideal)
        assert found.recall[place].item() == pytest.approx(len(gains) / len(items))
        assert found.values[f"hit_rate_at_{k}"][place].item() == float(bool(gains))
    shown = {item for row in rows for item in row if item >= 0}
    assert found.overall[f"coverage_at_{k}"] == pytest.approx(len(shown) / 7)
    assert ((found.ndcg >= 0) & (found.ndcg <= 1 + 1e-12)).all()


def graph() -> HeteroData:
    return shop({(0, 0): [1.0], (0, 1): [1.0], (1, 2): [1.0]}, users=3, items=5)


def test_the_new_slice_holds_pairs_without_an_edge_and_hides_what_is_owned() -> None:
    lists = {user: [0, 1, 2, 3, 4] for user in range(3)}
    found = evaluate(Fixed(lists, graph()), pairs([(0, 0), (0, 3), (1, 2), (2, 4)]), graph(), 2)
    assert found["all"].users.tolist() == [0, 1, 2]
    assert found["all"].recall.tolist() == [0.5, 0.0, 0.0]
    assert found["new"].users.tolist() == [0, 2]  # user 1 bought only what they had
    assert found["new"].recall.tolist() == [1.0, 0.0]  # 2, 3 are the first new ones of user 0
    assert found["new"].overall["coverage_at_2"] == pytest.approx(4 / 5)


def test_what_a_user_has_but_models_do_not_see_is_not_new() -> None:
    thin = graph()
    thin["user", "interacts", "item"].left_out = pairs([(0, 3), (2, 4)])
    lists = {user: [0, 1, 2, 3, 4] for user in range(3)}
    found = evaluate(Fixed(lists, thin), pairs([(0, 2), (0, 3), (2, 4)]), thin, 2)
    assert found["new"].users.tolist() == [0]
    assert found["new"].recall.tolist() == [1.0]


def test_an_item_born_after_the_graph_counts_as_missed_and_a_user_is_not_judged() -> None:
    found = evaluate(Fixed({0: [0, 1, 2, 3, 4]}, graph()), pairs([(0, 0), (0, 77), (50, 1)]), graph(), 1)
    assert found["all"].users.tolist() == [0]
    assert found["all"].recall.tolist() == [0.5]


def test_a_repeated_pair_counts_once() -> None:
    twice = torch.tensor([[0, 0, 0], [0, 0, 3]])
    assert evaluate(Fixed({0: [0, 1, 2]}, graph()), twice, graph(), 2)["all"].recall.tolist() == [0.5]


def test_nothing_bought_leaves_empty_slices_with_nan_means() -> None:
    found = evaluate(Fixed({}, graph()), torch.empty(2, 0, dtype=torch.int64), graph(), 2)
    for metrics in found.values():
        assert len(metrics.users) == 0
        assert all(math.isnan(value) for value in metrics.summary().values())


@pytest.mark.parametrize("wrong", [torch.zeros(2, 3), torch.zeros(3, dtype=torch.int64), torch.tensor([[-1], [0]])])
def test_truth_that_is_no_pairs_of_rows_is_refused(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match="pairs"):
        evaluate(Fixed({}, graph()), wrong, graph(), 2)


def test_a_summary_names_its_metrics_as_mlflow_shows_them() -> None:
    half = torch.tensor([0.0, 1.0], dtype=torch.float64)
    metrics = UserMetrics(torch.tensor([1, 2]), {"ndcg_at_20": half, "map_at_5": half / 2}, {"coverage_at_20": 0.25})
    assert metrics.summary() == {"ndcg_at_20": 0.5, "map_at_5": 0.25, "coverage_at_20": 0.25}


def test_metrics_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        UserMetrics(torch.tensor([1, 2]), {"ndcg_at_20": torch.zeros(1)})


def test_shorter_cutoffs_judge_the_head_of_the_same_list() -> None:
    lists, user, taken = ranking([list(range(12))]), torch.tensor([0]), pairs([(0, 2), (0, 6), (0, 40)])
    long = measure(lists, user, taken, k=12, n_items=50)
    assert {name.rpartition("_")[2] for name in long.values} == {"5", "10", "12"}
    short = measure(Ranking(lists.items[:, :5], lists.scores[:, :5]), user, taken, k=5, n_items=50)
    for name, value in short.values.items():
        assert value.tolist() == long.values[name].tolist()
    assert long.values["map_at_5"].item() == pytest.approx(1 / 3 / 3)
    assert long.values["map_at_10"].item() == pytest.approx((1 / 3 + 2 / 7) / 3)


def test_a_table_of_metrics_brings_them_back() -> None:
    lists = {user: [0, 1, 2, 3, 4] for user in range(3)}
    found = evaluate(Fixed(lists, graph()), pairs([(0, 0), (0, 3), (1, 2), (2, 4)]), graph(), 2)
    models = {"candidate": Measured("w", found, {"size_mb": 1.5}), "popularity": Measured("w", found)}
    table = to_table(models)
    assert len(table) == 10
    back = from_table(table)
    assert set(back) == {"candidate", "popularity"}
    assert back["candidate"].numbers == {"size_mb": 1.5}
    assert math.isnan(back["popularity"].numbers["size_mb"])
    for name, metrics in found.items():
        again = back["popularity"].slices[name]
        assert (again.overall, again.k) == (metrics.overall, metrics.k)
        assert torch.equal(again.users, metrics.users)
        assert again.values.keys() == metrics.values.keys()
        assert all(torch.equal(value, again.values[key]) for key, value in metrics.values.items())


def test_a_table_without_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks window, k"):
        from_table(pd.DataFrame({"model": [], "slice": [], "user_row": []}))


def test_a_model_of_two_windows_is_refused() -> None:
    found = evaluate(Fixed({0: [0]}, graph()), pairs([(0, 0)]), graph(), 1)
    table = pd.concat([to_table({"candidate": Measured(window, found)}) for window in ("one", "two")])
    with pytest.raises(ValueError, match="candidate of windows one, two"):
        from_table(table)
