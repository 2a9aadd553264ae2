"""What a model remembers of past windows: forgetting, and backward transfer, on frozen cohorts.

A cohort is a past window's users, what they took then, and the graph as of its cut: all of it stays as it was, so that
models change alone. Lopez-Paz & Ranzato 2017 (backward transfer), Chaudhry et al. 2018 (forgetting).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch_geometric.data import HeteroData

from models.state import State


@dataclass(frozen=True)
class Remembered:
    """NDCG on a cohort: `ndcg` of this model, `first` of the one that had just learned the window, and `best` of all
    the models from that one to this."""

    ndcg: float
    first: float
    best: float


def remember(ndcg: Mapping[str, float], before: Mapping[str, Remembered]) -> dict[str, Remembered]:
    """By window: `ndcg` as this model has it, and what its base remembered `before`."""
    found = {}
    for window, value in ndcg.items():
        earlier = before.get(window, Remembered(value, value, value))
        found[window] = Remembered(value, earlier.first, max(value, earlier.best))
    return found


def forgetting(memory: Mapping[str, Remembered]) -> float:
    """Mean over cohorts of best − now; 0 where there are none: nothing was learned that could be forgotten."""
    return sum(each.best - each.ndcg for each in memory.values()) / max(len(memory), 1)


def backward_transfer(memory: Mapping[str, Remembered]) -> float:
    """Mean over cohorts of now − first: what later windows taught about earlier ones; below 0 they cost something."""
    return sum(each.ndcg - each.first for each in memory.values()) / max(len(memory), 1)


def of_nodes_in(graph: HeteroData, state: State) -> State:
    """`state` without what it knows of users and items born after `graph`: rows are in order of birth."""
    cut = {
        name: tensor[: graph[side].num_nodes]
        for side in ("user", "item")
        for name in (f"{side}_factors", f"shift/{side}")
        if (tensor := state.tensors.get(name)) is not None
    }
    return replace(state, tensors=state.tensors | cut)
