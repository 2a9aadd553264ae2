"""What is known of items and users without a purchase: the words of titles, and demographic groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags
from torch import Tensor
from torch_geometric.data import HeteroData

from models.flagship.groups import mean_vectors, membership

CALLED, SAYS, IN_GROUP = ("item", "called", "title"), ("title", "says", "word"), ("user", "in", "group")


class Words(NamedTuple):
    """`called` [items, titles] ones; `spelled` [titles, words] rows that sum to 1, in which words of few titles weigh
    more: `1 + log((1 + n) / (1 + n_word))` of n titles (inverse document frequency, Spärck Jones 1972, smoothed)."""

    called: csr_matrix
    spelled: csr_matrix

    def of_items(self) -> csr_matrix:
        """[items, words] the words of each item's title; a row of zeros where it has none."""
        return csr_matrix(self.called @ self.spelled)


class Texts(NamedTuple):
    """`of` [items] the row in `vectors` [titles, hops, factors] of each item's title, -1 for none."""

    of: np.ndarray
    vectors: Tensor


def read_words(graph: HeteroData) -> Words:
    """Of all titles of `graph`."""
    said = membership(graph, SAYS)
    titles = np.asarray(said.sum(axis=0)).ravel()
    spelled = _row_shares(csr_matrix(said @ diags(1 + np.log((1 + said.shape[0]) / (1 + titles)))))
    return Words(membership(graph, CALLED), spelled)


def user_groups(graph: HeteroData) -> csr_matrix:
    """[users, groups] rows that sum to 1; a row of zeros of who has told nothing."""
    return _row_shares(membership(graph, IN_GROUP))


def text_vectors(words: Words, hops: Tensor, demand: np.ndarray) -> Texts:
    """A title is the mean of its words, a word that of the `hops` [items, hops, factors] it names, by `demand`."""
    called, spelled = words
    of_words = mean_vectors(csr_matrix(words.of_items() > 0, dtype=np.float64), hops, demand)
    of = np.full(called.shape[0], -1, dtype=np.int64)
    of[np.repeat(np.arange(len(of)), np.diff(called.indptr))] = called.indices
    return Texts(of, _mixed(spelled, of_words))


def profile_vectors(groups: csr_matrix, hops: Tensor) -> Tensor:
    """[users, hops, factors] the mean of a user's `groups` (`user_groups`), a group that of the `hops` of its users."""
    known = hops.abs().sum(dim=(1, 2)) > 0
    return _mixed(groups, mean_vectors(csr_matrix(groups > 0, dtype=np.float64), hops, known.double().numpy()))


def _row_shares(weights: csr_matrix) -> csr_matrix:
    totals = np.asarray(weights.sum(axis=1)).ravel()
    return csr_matrix(diags(np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)) @ weights)


def _mixed(shares: csr_matrix, vectors: Tensor) -> Tensor:
    """[rows, hops, factors] of unit length: `shares` [rows, groups] of `vectors` [groups, hops, factors]."""
    mixed = shares @ vectors.flatten(1).double().numpy()
    rows = torch.from_numpy(np.asarray(mixed, dtype=np.float32)).view(-1, *vectors.shape[1:])
    return torch.nn.functional.normalize(rows, dim=2)
