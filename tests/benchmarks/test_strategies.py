"""Each way of keeping a model up to date sees what it may see, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.contests.across_users import across_users
from benchmarks.contests.stale import stale
from benchmarks.scores import Scores, gain, judge
from benchmarks.strategies import STRATEGIES, full_refit, graph_only, incremental, never
from models.ranking import INTERACTS, owned_matrix
from tests.benchmarks.toy_contest import Toy, toy_contest
from tests.models.flagship_toy import SMALL
from tests.models.toy import earlier, lessons, purchases, shop

FLAGSHIP = "interest_ranker"
SETTINGS: Mapping[str, Any] = asdict(SMALL) | {"epochs": 3, "near_power": 1.0}


@pytest.fixture
def contest() -> Toy:
    return toy_contest()


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_way_gives_a_model_for_each_span_for_testing_that_ranks_its_users(name: str, contest: Toy) -> None:
    kept = list(STRATEGIES[name](contest, FLAGSHIP, SETTINGS))
    assert [one.span for one in kept] == [1, 2]
    for one in kept:
        users = torch.arange(contest.heteros[one.span]["user"].num_nodes)
        assert one.recommender.recommend(users, 3).items.shape == (len(users), 3)


def test_what_was_learned_stays_where_only_the_graph_is_new(contest: Toy) -> None:
    states = [one.recommender.state().tensors for one in graph_only(contest, FLAGSHIP, SETTINGS)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_an_incremental_model_learns_from_the_span_that_just_ended(contest: Toy) -> None:
    weights = [
        one.recommender.state().tensors["network/skip.weight"] for one in incremental(contest, FLAGSHIP, SETTINGS)
    ]
    assert not torch.equal(*weights)


def test_who_goes_on_from_what_was_learned_before_changes_nothing_for_others(contest: Toy) -> None:
    alone = [one.recommender.state().tensors for one in graph_only(toy_contest(), FLAGSHIP, SETTINGS)]
    list(incremental(contest, FLAGSHIP, SETTINGS))
    after = [one.recommender.state().tensors for one in graph_only(contest, FLAGSHIP, SETTINGS)]
    assert all(torch.equal(alone[span][name], after[span][name]) for span in (0, 1) for name in alone[0])


def test_a_full_refit_is_the_same_whatever_came_before(contest: Toy) -> None:
    late = Toy("late", [], contest.taken, range(1), range(2, 3), ("all",))
    ours, theirs = list(full_refit(contest, FLAGSHIP, SETTINGS))[-1], next(full_refit(late, FLAGSHIP, SETTINGS))
    first, second = (one.recommender.recommend(torch.arange(6), 4) for one in (ours, theirs))
    assert torch.equal(first.scores, second.scores)


def test_a_model_that_is_never_updated_knows_the_old_graph_alone(contest: Toy) -> None:
    first, second = (one.recommender.recommend(torch.arange(6), 4) for one in never(contest, FLAGSHIP, SETTINGS))
    assert torch.equal(first.scores, second.scores)


def test_a_stale_graph_has_the_new_ones_rows_the_old_ones_edges_and_leaves_out_what_users_have() -> None:
    old, new = shop(earlier(purchases(), 9.0)), shop(purchases() | {(6, 9): [1.0]}, users=7, items=10)
    graph = stale(old, new)
    assert (graph["user"].num_nodes, graph["item"].num_nodes) == (7, 10)
    assert torch.equal(graph[INTERACTS].edge_index, old[INTERACTS].edge_index)
    assert (owned_matrix(graph) != owned_matrix(new)).nnz == 0
    assert old["user"].num_nodes == 6  # as it was


def test_across_users_those_who_teach_are_not_those_who_are_judged(contest: Toy) -> None:
    halves = across_users(Toy("toy", [None] * 3, contest.taken, range(1), range(1, 3), ("all",)))  # type: ignore[list-item]
    taught, judged = set(halves.taught[0][0].tolist()), set(halves.taken[0][0].tolist())
    assert taught and judged and not taught & judged
    assert taught | judged == set(lessons()[0].next_pairs[0].tolist())


def test_every_seed_and_span_of_a_model_is_judged_and_counted(contest: Toy) -> None:
    scores = judge(contest, full_refit, FLAGSHIP, SETTINGS, seeds=(1, 2, 3), k=3)
    users = sum(len(contest.taken[span][0].unique()) for span in contest.testing)
    assert scores.ndcg["all"].shape == (3, users)
    assert scores.cpu_seconds.shape == (3, 2)


def test_a_model_without_a_seed_is_run_once(contest: Toy) -> None:
    scores = judge(contest, full_refit, "popularity", {"half_life": 21.0}, seeds=(1, 2, 3), k=3)
    assert len(scores.ndcg["all"]) == 1
    assert scores.spread("all") == 0.0


def test_a_mean_weighs_spans_alike_however_many_users_they_have() -> None:
    scores = Scores({"new": np.array([[1.0, 0.0, 0.0, 0.0]])}, np.ones((1, 2)), {"new": np.array([0, 1, 1, 1])})
    assert scores.mean("new") == 0.5


def test_a_gain_is_told_with_its_interval() -> None:
    spans = {"new": np.zeros(50, dtype=int)}
    ours, theirs = (Scores({"new": np.full((1, 50), value)}, np.ones((1, 1)), spans) for value in (0.3, 0.2))
    assert gain(ours, theirs, "new") == "+50.0% (+50.0% to +50.0%)"
