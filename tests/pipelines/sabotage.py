"""Candidates that must not be promoted, made from an honest one: each is bad in one way of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from models.flagship.inputs import input_names
from models.state import State

Change = Callable[[Tensor], Tensor]
EMBEDDINGS = ("user_factors", "item_factors")


def everything_permuted(state: State) -> State:
    """All tensors' rows in another order."""
    return _changed(state, [name for name in state.tensors if not name.startswith("replay/")], _permute)


def embeddings_permuted(state: State) -> State:
    """Users and items have each other's embeddings; the network is as it was learned."""
    return _changed(state, EMBEDDINGS, _permute)


def turned_away(state: State, users: Tensor, items: Tensor) -> State:
    """The embeddings of these `users` and `items` (rows) point away from what they are like."""
    turned = {}
    for name, rows in zip(EMBEDDINGS, (users, items), strict=True):
        turned[name] = state.tensors[name].clone()
        turned[name][rows] = -turned[name][rows]
    return replace(state, tensors=state.tensors | turned)


def shy_of_prices(state: State, by: float) -> State:
    """The dearer an item, the lower it ranks: `by` for each deviation of the logarithm of prices."""
    weights = state.tensors["network/skip.weight"].clone()
    weights[0, input_names(len(state.tensors["network/half_life_mix"])).index("prior/price")] -= by
    return replace(state, tensors=state.tensors | {"network/skip.weight": weights})


def _permute(tensor: Tensor) -> Tensor:
    if not tensor.dim():
        return tensor
    return tensor[torch.randperm(len(tensor), generator=torch.Generator().manual_seed(3))].clone()


def _changed(state: State, names: object, change: Change) -> State:
    changed = {name: change(state.tensors[name]) for name in names}  # type: ignore[attr-defined]
    return replace(state, tensors=state.tensors | changed)
