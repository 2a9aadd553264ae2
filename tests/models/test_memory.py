"""What is forgotten, by hand, and that it follows one line of models."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import rebuild
from models.memory import Remembered, backward_transfer, forgetting, of_nodes_in, remember
from tests.models.flagship_toy import busy, busy_purchases
from tests.models.toy import shop


def test_forgetting_is_what_was_lost_of_the_best_and_transfer_what_was_gained_since_the_first() -> None:
    first = remember({"w1": 0.30}, {})
    second = remember({"w1": 0.34, "w2": 0.20}, first)
    third = remember({"w1": 0.31, "w2": 0.24}, second)
    assert third == {"w1": Remembered(0.31, 0.30, 0.34), "w2": Remembered(0.24, 0.20, 0.24)}
    assert forgetting(third) == pytest.approx((0.03 + 0.0) / 2)
    assert backward_transfer(third) == pytest.approx((0.01 + 0.04) / 2)


def test_nothing_learned_before_is_nothing_forgotten() -> None:
    assert (forgetting({}), backward_transfer({})) == (0.0, 0.0)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(0, 1), min_size=1), min_size=1, max_size=6))
def test_forgetting_is_never_negative_and_none_right_after_learning(course: list[dict[str, float]]) -> None:
    memory: dict[str, Remembered] = {}
    for ndcg in course:
        memory = remember(ndcg, memory)
        assert memory.keys() == ndcg.keys()
        assert forgetting(memory) >= 0
    assert forgetting(remember(course[0], {})) == 0


def test_a_model_stands_on_a_graph_from_before_some_of_its_users_and_items_were_born() -> None:
    state = busy().state()
    early = {pair: ages for pair, ages in busy_purchases().items() if pair[0] < 20 and pair[1] < 50}
    graph = shop(early, users=20, items=50)
    with pytest.raises(ValueError, match="fewer than"):
        rebuild(state, graph)
    cut = of_nodes_in(graph, state)
    assert torch.equal(cut.tensors["item_factors"], state.tensors["item_factors"][:50])
    assert rebuild(cut, graph).recommend(torch.arange(20), 5).items.max() < 50
