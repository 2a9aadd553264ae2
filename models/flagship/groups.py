"""What users take of a kind of group that each item is in at most once: a category, a brand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csc_matrix, csr_matrix
from torch import Tensor
from torch_geometric.data import HeteroData

from models.flagship.propagation import group_means


@dataclass(frozen=True)
class Group:
    """One relation's groups: `of` [items] row or -1; `share` [items, half-lives] of the group's demand.

    `keys` are the sorted `user · groups + group` that have an affinity, `affinity` [keys, half-lives] the
    users' weights in the group; `vectors` [groups, hops, factors] the members' means by demand, of unit length.
    """

    count: int
    of: np.ndarray
    share: np.ndarray
    keys: np.ndarray
    affinity: np.ndarray
    vectors: Tensor


def membership(graph: HeteroData, relation: tuple[str, str, str]) -> csr_matrix:
    """[nodes, groups] of ones, for the edges that `relation` has from nodes to groups."""
    node, group = graph[relation].edge_index.numpy()
    shape = (int(graph[relation[0]].num_nodes), int(graph[relation[2]].num_nodes))
    return csr_matrix((np.ones(len(node)), (node, group)), shape=shape)


def group_items(
    belongs: csr_matrix, edges: tuple[np.ndarray, np.ndarray, np.ndarray], hoped: np.ndarray, hops: Tensor
) -> Group:
    """Of items that `belongs` [items, groups] puts into groups; `edges` are user, item and weight [·, half-lives].

    `hoped` [items, half-lives] is the demand that counts, `hops` [items, hops, factors] are the embeddings.
    """
    user_of, item_of, weight = edges
    items, groups = belongs.shape
    of = np.full(items, -1, dtype=np.int64)
    of[np.repeat(np.arange(items), np.diff(belongs.indptr))] = belongs.indices
    of_edge = of[item_of]
    known = of_edge >= 0
    keys, places = np.unique((user_of * groups + of_edge)[known], return_inverse=True)
    share = np.where(of[:, None] >= 0, hoped / np.maximum(1e-9, (belongs.T @ hoped)[of]), 0.0) if groups else 0 * hoped
    return Group(
        count=groups,
        of=of,
        share=share,
        keys=keys,
        affinity=sums(places, weight, len(keys), known),
        vectors=mean_vectors(belongs, hops, hoped[:, -1]),
    )


def mean_vectors(belongs: csr_matrix, hops: Tensor, weight: np.ndarray) -> Tensor:
    """[groups, hops, factors] float32 of unit length: means of members' `hops` [nodes, hops, factors] by `weight`."""
    means = [group_means(belongs, hop, weight) for hop in hops.numpy().swapaxes(0, 1)]
    return torch.nn.functional.normalize(torch.from_numpy(np.stack(means, axis=1).astype(np.float32)), dim=2)


def sums(rows: np.ndarray, weight: np.ndarray, count: int, known: np.ndarray | None = None) -> np.ndarray:
    """[count, half-lives] the sum of the `weight` [n, half-lives] of each of `rows` [n].

    With `known` [n], `rows` are of those edges alone that are: the others are skipped, which is cheaper than a copy.
    """
    before = np.arange(len(rows) + 1) if known is None else np.concatenate([[0], np.cumsum(known)])
    found: np.ndarray = csc_matrix((np.ones(len(rows)), rows, before), shape=(count, len(weight))) @ weight
    return found
