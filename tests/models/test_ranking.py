"""Top-k is exact and deterministic, whatever the chunk, the ties and the mask."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from torch import Tensor

from models import ranking
from models.ranking import interest_matrix, rank_items, top_k
from tests.models.toy import HALF_LIVES, purchases, shop

tied_scores = st.integers(1, 12).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 0.5, 2.0]), min_size=width, max_size=width),
        min_size=1,
        max_size=6,
    )
)


@given(tied_scores, st.integers(1, 13))
def test_top_k_equals_sorting_by_score_then_row(table: list[list[float]], k: int) -> None:
    found = top_k(torch.tensor(table, dtype=torch.float64), k)
    for row, items, scores in zip(table, found.items.tolist(), found.scores.tolist(), strict=True):
        expected = sorted(range(len(row)), key=lambda item: (-row[item], item))[:k]
        assert items == [item if row[item] > -math.inf else -1 for item in expected]
        assert scores == [row[item] for item in expected]


def test_many_ties_keep_the_order_of_rows() -> None:
    scores = (torch.arange(5000) % 3).repeat(2, 1).double()
    found = top_k(scores, 4000)
    assert found.items[1].tolist() == sorted(range(5000), key=lambda item: (-(item % 3), item))[:4000]


@given(tied_scores, st.integers(1, 5), st.integers(1, 30))
def test_the_chunk_changes_nothing(table: list[list[float]], k: int, chunk: int) -> None:
    scores = torch.tensor(table)
    users, shape = torch.arange(len(table)), scores.shape
    whole = rank_items(lambda part: scores[part], users, k, shape=(shape[0], shape[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "CHUNK_SCORES", chunk)
        parts = rank_items(lambda part: scores[part], users, k, shape=(shape[0], shape[1]))
    assert torch.equal(whole.items, parts.items)
    assert torch.equal(whole.scores, parts.scores)


def test_no_more_scores_are_in_memory_than_a_chunk_holds() -> None:
    asked: list[int] = []

    def score(part: Tensor) -> Tensor:
        asked.append(len(part))
        return torch.zeros(len(part), 500_000)

    rank_items(score, torch.zeros(30, dtype=torch.int64), 1, shape=(1, 500_000))
    assert sum(asked) == 30
    assert max(asked) * 500_000 <= ranking.CHUNK_SCORES


def test_owned_items_are_left_out_and_their_places_filled() -> None:
    scores = torch.tensor([[5.0, 4.0, 3.0, 2.0]])
    owned = csr_matrix(([1.0, 0.0], ([0, 0], [0, 2])), shape=(1, 4))  # an edge decayed to 0 is an edge
    found = rank_items(lambda part: scores[part].clone(), torch.tensor([0]), 3, shape=(1, 4), owned=owned)
    assert found.items.tolist() == [[1, 3, -1]]
    assert found.scores.tolist() == [[4.0, 2.0, -math.inf]]


def test_a_graph_without_items_gives_empty_places() -> None:
    found = rank_items(lambda part: torch.empty(len(part), 0), torch.tensor([0]), 2, shape=(1, 0))
    assert found.items.tolist() == [[-1, -1]]


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
@pytest.mark.parametrize("width", [2, 50])
def test_scores_without_an_order_are_refused(wrong: float, width: int) -> None:
    scores = torch.zeros(3, width)
    scores[1, width - 1] = wrong
    with pytest.raises(ValueError, match="1 of 3 users have scores that are NaN or infinite"):
        top_k(scores, 2)


@pytest.mark.parametrize("users", [torch.tensor([0.0]), torch.tensor([[0]]), torch.tensor([0], dtype=torch.int32)])
def test_users_that_are_no_rows_are_refused(users: Tensor) -> None:
    with pytest.raises(ValueError, match="users are rows, int64"):
        rank_items(lambda part: torch.zeros(len(part), 3), users, 1, shape=(2, 3))


@pytest.mark.parametrize("column", range(len(HALF_LIVES)))
def test_the_interest_matrix_holds_the_weights_of_its_half_life(column: int) -> None:
    matrix = interest_matrix(shop(), HALF_LIVES[column])
    assert matrix.shape == (6, 9)
    assert matrix.nnz == len(purchases())
    for (user, item), ages in purchases().items():
        assert matrix[user, item] == pytest.approx(sum(2 ** (-age / HALF_LIVES[column]) for age in ages))


def test_a_weight_decayed_to_nothing_stays_an_edge() -> None:
    assert interest_matrix(shop({(0, 0): [1e6]}), 7.0).nnz == 1


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -0.5])
def test_a_weight_that_cannot_be_is_refused_with_its_edge(wrong: float) -> None:
    graph = shop()
    graph["user", "interacts", "item"].weight[4, 1] = wrong
    user, item = graph["user", "interacts", "item"].edge_index[:, 4].tolist()
    with pytest.raises(ValueError, match=f"user row {user}, item row {item}, weight {wrong}"):
        interest_matrix(graph, 21.0)
    interest_matrix(graph, 7.0)
