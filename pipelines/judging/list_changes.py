"""Whose lists changed between champion and candidate, and who won or lost by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import ids
from features.graph import InterestGraph
from models.evaluation import Examined
from models.list_changes import rank_biased_overlap

TOLD, ITEMS = 10, 5
"""How many users are told of each kind, and how many items of theirs that came or went."""


def changes_of(ours: Examined, theirs: Examined, graph: InterestGraph) -> pd.DataFrame:
    """One row a judged user: `user_id`, `overlap` (rank-biased), `ndcg_gained`, and the titles of items that `came` and
    `went`, the best placed first."""
    mine, others = ours.ranking.items.numpy(), theirs.ranking.items.numpy()
    titles = graph.items["title"].fillna(graph.items["item_id"]).to_numpy()
    gained = ours.slices["all"].ndcg - theirs.slices["all"].ndcg
    return pd.DataFrame(
        {
            "user_id": np.array(ids(graph, "user").to_pylist(), dtype=object)[ours.users.numpy()],
            "overlap": rank_biased_overlap(ours.ranking.items, theirs.ranking.items).numpy(),
            "ndcg_gained": gained.numpy(),
            "came": [_only_in(one, other, titles) for one, other in zip(mine, others, strict=True)],
            "went": [_only_in(other, one, titles) for one, other in zip(mine, others, strict=True)],
        }
    )


def tell_changes(changes: pd.DataFrame) -> dict[str, Any]:
    """The mean overlap, and the users told: those whose lists changed most, and who won and lost most by it."""
    by_overlap = changes.sort_values(["overlap", "user_id"]).head(TOLD)
    by_gain = changes.sort_values(["ndcg_gained", "user_id"])
    return {
        "mean_overlap": float(changes["overlap"].mean()),
        "unchanged": int((changes["overlap"] > 1 - 1e-9).sum()),
        "won": int((changes["ndcg_gained"] > 0).sum()),
        "lost": int((changes["ndcg_gained"] < 0).sum()),
        "most_changed": by_overlap.to_dict("records"),
        "winners": by_gain[by_gain["ndcg_gained"] > 0].tail(TOLD)[::-1].to_dict("records"),
        "losers": by_gain[by_gain["ndcg_gained"] < 0].head(TOLD).to_dict("records"),
    }


def _only_in(one: np.ndarray, other: np.ndarray, titles: np.ndarray) -> list[str]:
    return [str(title) for title in titles[one[(one >= 0) & ~np.isin(one, other)][:ITEMS]]]
