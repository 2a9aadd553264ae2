"""What is measured of forgetting: a later model over an earlier graph."""

from __future__ import annotations

import pytest
import torch

from benchmarks.forgetting import _of_nodes_in
from models.catalogue import rebuild
from tests.models.flagship_toy import busy, busy_purchases
from tests.models.toy import shop


def test_a_model_stands_on_a_graph_from_before_some_of_its_users_and_items_were_born() -> None:
    state = busy().state()
    early = {pair: ages for pair, ages in busy_purchases().items() if pair[0] < 20 and pair[1] < 50}
    graph = shop(early, users=20, items=50)
    with pytest.raises(ValueError, match="fewer than"):
        rebuild(state, graph)
    cut = _of_nodes_in(graph, state)
    assert torch.equal(cut.tensors["item_factors"], state.tensors["item_factors"][:50])
    assert rebuild(cut, graph).recommend(torch.arange(20), 5).items.max() < 50
