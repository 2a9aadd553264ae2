"""Rows: (user, candidate) pairs with all the network reads about them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """n pairs of u users, in order of `user` [n] (place among them).

    `inputs` [n, inputs] logged numbers (see `inputs.INPUTS`); `weight` [n, half-lives] the direct edge's;
    `product` [n, hops, hops] inner products of the user's and the item's embeddings at each pair of hops;
    `group` the item's row in `group_vectors` [groups, hops, factors] for each relation, -1 for none;
    `user_vectors` [u, hops, factors], and `profile_vectors`, the same of what users' demographic groups say, where that
    is asked for. `taken` [n] says whether the user took the item next; None where unknown.
    `teacher` [n] are the scores that another model gave, where learning is to stay near them.

    Where what is learned of embeddings needs them, items are a relation "item" of `group`, and `nodes` are the graph's
    rows of the users [u] and of `group_vectors["item"]`; a memory, which outlives graphs, names no nodes.
    """

    user: Tensor
    inputs: Tensor
    weight: Tensor
    product: Tensor
    group: dict[str, Tensor]
    user_vectors: Tensor
    group_vectors: dict[str, Tensor]
    taken: Tensor | None = None
    teacher: Tensor | None = None
    profile_vectors: Tensor | None = None
    nodes: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.user)

    @property
    def users(self) -> int:
        return len(self.user_vectors)

    def counts(self) -> Tensor:
        """[u] rows of each user."""
        return torch.bincount(self.user, minlength=self.users)

    def pick(self, users: Tensor, *, compact: bool = False) -> Rows:
        """The rows of the `users` (places) alone, in that order; `compact` also drops groups none of them needs."""
        counts = self.counts()
        starts, kept = counts.cumsum(0) - counts, counts[users]
        before = kept.cumsum(0) - kept
        at = torch.arange(int(kept.sum())) + torch.repeat_interleave(starts[users] - before, kept)
        group, vectors = {name: rows[at] for name, rows in self.group.items()}, self.group_vectors
        nodes = self.nodes and {**self.nodes, "user": self.nodes["user"][users]}
        if compact:
            group, vectors, _ = _compact(group, vectors)
        return Rows(
            user=torch.repeat_interleave(torch.arange(len(users)), kept),
            inputs=self.inputs[at],
            weight=self.weight[at],
            product=self.product[at],
            group=group,
            user_vectors=self.user_vectors[users],
            group_vectors=vectors,
            taken=None if self.taken is None else self.taken[at],
            teacher=None if self.teacher is None else self.teacher[at],
            profile_vectors=None if self.profile_vectors is None else self.profile_vectors[users],
            nodes={} if compact else nodes,
        )

    def to(self, device: torch.device) -> Rows:
        """The same on `device`; of the groups' vectors only those that these rows need, where they have to be moved."""
        if self.user.device == device:
            return self
        group, vectors, used = _compact(self.group, self.group_vectors)
        nodes = self.nodes and {"user": self.nodes["user"], "item": self.nodes["item"][used["item"]]}
        moved = {
            name: getattr(self, name).to(device) for name in ("user", "inputs", "weight", "product", "user_vectors")
        }
        return Rows(
            **moved,
            group={name: rows.to(device) for name, rows in group.items()},
            group_vectors={name: part.to(device) for name, part in vectors.items()},
            taken=None if self.taken is None else self.taken.to(device),
            teacher=None if self.teacher is None else self.teacher.to(device),
            profile_vectors=None if self.profile_vectors is None else self.profile_vectors.to(device),
            nodes={side: rows.to(device) for side, rows in nodes.items()},
        )

    def half(self) -> Rows:
        """The same in half precision, for keeping."""
        vectors = {name: part.half() for name, part in self.group_vectors.items()}
        return replace(self._cast(torch.float16), group_vectors=vectors)

    def full(self) -> Rows:
        """The same in single precision, for computing; the network casts the few group vectors that it reads."""
        return self._cast(torch.float32)

    def _cast(self, dtype: torch.dtype) -> Rows:
        return replace(
            self,
            inputs=self.inputs.to(dtype),
            weight=self.weight.to(dtype),
            product=self.product.to(dtype),
            user_vectors=self.user_vectors.to(dtype),
            profile_vectors=None if self.profile_vectors is None else self.profile_vectors.to(dtype),
        )


def _compact(group: dict[str, Tensor], vectors: dict[str, Tensor]) -> tuple[dict[str, Tensor], ...]:
    """`group` and `vectors` without the vectors that nothing needs, and which were kept."""
    used = {name: torch.unique(rows[rows >= 0]) for name, rows in group.items()}
    places = {name: torch.where(rows >= 0, torch.searchsorted(used[name], rows), -1) for name, rows in group.items()}
    return places, {name: vectors[name][kept] for name, kept in used.items()}, used
