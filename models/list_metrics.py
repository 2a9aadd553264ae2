"""What lists are like beside being right: how novel, varied, popular, personal, and true to their scores and users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch_geometric.data import HeteroData

from models.metrics import relevance_of
from models.ranking import INTERACTS
from models.recommender import Ranking

SMOOTHING = 0.01
"""Share of the user's own categories that is mixed into the list's, so that their divergence is finite."""
BINS = 10


@dataclass(frozen=True)
class ListFacts:
    """What a graph says of items and users: computed once, for the lists of all models.

    `share` [items] is the share of users who have an item; `category` [items] its own category's row, and past all of
    these a row of its own where it has none; `spent` [users, categories] each user's weight by category, `usual`
    [1, categories] the shares of all users together; `level` [users] the mean `share` of what each has, of all users
    together where they have nothing.
    """

    share: Tensor
    category: Tensor
    spent: csr_matrix
    usual: csr_matrix
    level: Tensor


def list_facts(graph: HeteroData) -> ListFacts:
    """Weights are those at the longest half-life; what was given back counts as nothing."""
    users, items = int(graph["user"].num_nodes), int(graph["item"].num_nodes)
    owner, item = graph[INTERACTS].edge_index
    buyers = torch.bincount(item, minlength=items).double()
    share = (buyers + 1) / (users + 1)
    category, n_categories = _categories(graph, items)
    weight = graph[INTERACTS].weight[:, -1].double().clamp(min=0)
    spent = csr_matrix((weight.numpy(), (owner.numpy(), category[item].numpy())), shape=(users, n_categories))
    had = torch.bincount(owner, minlength=users)
    level = torch.bincount(owner, weights=share[item], minlength=users) / had.clamp(min=1)
    usual = share[item].mean() if len(item) else torch.tensor(1 / (users + 1))
    overall = csr_matrix(spent.sum(axis=0) / max(float(spent.sum()), np.finfo(float).tiny))
    return ListFacts(share, category, spent, overall, torch.where(had > 0, level, usual))


def list_values(ranking: Ranking, users: Tensor, facts: ListFacts, k: int) -> dict[str, Tensor]:
    """Metrics of each user's list [users, k]; a list without items has none of them good.

    novelty: the mean of −log2 share (Zhou et al. 2010, self-information). diversity: 1 less the share of pairs of one
    category (Ziegler et al. 2005, with equality of categories for similarity). popularity_lift: mean share of the list
    over that of what the user has, less 1 (Abdollahpouri et al. 2020). category_divergence: KL(p ‖ q̃) of the user's
    categories p from the list's q, q̃ = (1 − α) q + α p (Steck 2018, eq. 4, 5).
    """
    there = ranking.items >= 0
    items, length = ranking.items.clamp(min=0), there.sum(dim=1)
    share = facts.share[items]
    novelty = (-share.log2() * there).sum(dim=1) / length.clamp(min=1)
    lift = (share * there).sum(dim=1) / length.clamp(min=1) / facts.level[users] - 1
    listed = _listed_categories(facts.category[items], there, facts.spent.shape[1])
    taste = _tastes(facts, users)
    counts = torch.from_numpy(np.asarray(listed.multiply(listed).sum(axis=1)).ravel())
    pairs = length.double() * (length - 1)
    return {
        f"novelty_at_{k}": novelty,
        f"diversity_at_{k}": torch.where(pairs > 0, 1 - (counts - length) / pairs.clamp(min=1), 0.0),
        f"popularity_lift_at_{k}": lift,
        f"category_divergence_at_{k}": _divergence(taste, _shares(listed)),
    }


def overall_values(ranking: Ranking, users: Tensor, relevant: Tensor, k: int) -> dict[str, float]:
    """Metrics of all lists together.

    personalisation: 1 less the mean share of `k` that two users' lists have in common. score_error: the expected
    calibration error (Naeini et al. 2015, bins of equal mass) of the softmax of a list's scores as the chance of each
    place, of what the user took of the list; users who took nothing of it say nothing of that.
    """
    shown = torch.bincount(ranking.items[ranking.items >= 0]).double()
    pairs = len(users) * (len(users) - 1) * k
    return {
        f"personalisation_at_{k}": 1 - float((shown * (shown - 1)).sum()) / pairs if pairs else 0.0,
        f"score_error_at_{k}": _score_error(ranking, relevance_of(ranking.items, users, relevant)),
    }


def _categories(graph: HeteroData, items: int) -> tuple[Tensor, int]:
    of_item, known = graph["item", "in", "category"].edge_index, int(graph["category"].num_nodes)
    category = known + torch.arange(items)
    category[of_item[0]] = of_item[1]
    return category, known + items


def _listed_categories(category: Tensor, there: Tensor, n_categories: int) -> csr_matrix:
    """[users, categories] how many places of each list a category has."""
    rows = torch.arange(len(category))[:, None].expand(category.shape)
    places = (rows[there].numpy(), category[there].numpy())
    return csr_matrix((np.ones(len(places[0])), places), shape=(len(category), n_categories))


def _tastes(facts: ListFacts, users: Tensor) -> csr_matrix:
    """[users, categories] shares that sum to 1; of those who have nothing, as all users' together."""
    own = facts.spent[users.numpy()]
    empty = csr_matrix((np.asarray(own.sum(axis=1)) == 0).astype(float))
    return csr_matrix(_shares(own) + empty @ facts.usual)


def _shares(counts: csr_matrix) -> csr_matrix:
    total = np.asarray(counts.sum(axis=1)).ravel()
    inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return csr_matrix(counts.multiply(inverse[:, None]))


def _divergence(taste: csr_matrix, listed: csr_matrix) -> Tensor:
    """[users] Σ_c p log(p / q̃): only categories of the user count."""
    own = taste.tocoo()
    p = own.data
    q = np.asarray(listed[own.row, own.col]).ravel() if len(p) else np.zeros(0)
    mixed = (1 - SMOOTHING) * q + SMOOTHING * p
    positive = p > 0
    terms = p[positive] * np.log(p[positive] / mixed[positive])
    sums = np.bincount(own.row[positive], weights=terms, minlength=taste.shape[0])
    return torch.from_numpy(sums).clamp(min=0)


def _score_error(ranking: Ranking, relevance: Tensor) -> float:
    taken = relevance.sum(dim=1)
    known = taken > 0
    if not known.any():
        return 0.0
    there = ranking.items[known] >= 0
    chance = torch.softmax(ranking.scores[known].masked_fill(~there, -torch.inf), dim=1)[there]
    observed = (relevance[known] / taken[known, None])[there]
    edges = torch.from_numpy(np.quantile(chance.numpy(), np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = torch.bucketize(chance, edges)  # equal chances share a bin
    off = torch.bincount(bins, weights=chance - observed, minlength=BINS)
    return float(off.abs().sum()) / len(chance)
