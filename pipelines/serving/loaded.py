"""A model folder made ready to be asked: weights over a graph. It knows neither MLflow nor the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from features.catalogue import rows_of
from features.graph import InterestGraph
from features.hetero import to_hetero
from models.catalogue import rebuild
from models.recommender import Recommender
from pipelines.errors import UnknownUserError
from pipelines.graphs.files import read_graph
from pipelines.serving.model_files import read_state


@dataclass(frozen=True)
class Served:
    """A version's recommender, standing on `graph`."""

    version: str
    graph: InterestGraph
    recommender: Recommender

    def recommend(self, user_id: str, k: int) -> pd.DataFrame:
        """The first `k` items for one user: `rank`, `item_id`, `score`, `title`, best first."""
        row = self.rows_of([user_id])[0]
        if row < 0:
            raise UnknownUserError(
                f"user {user_id[:80]!r} is not in the graph that serves",
                where=f"version {self.version}, {len(self.graph.users)} users",
                mend="check the id; a new user appears after the update of the window of their first event",
            )
        return self.lists(np.array([row]), k).drop(columns="user_id")

    def rows_of(self, users: Sequence[str]) -> np.ndarray:
        """[users] int64 rows; -1 for those the graph does not know."""
        return rows_of(self.graph, "user", users)

    def lists(self, rows: np.ndarray, k: int) -> pd.DataFrame:
        """The first `k` items for the users at `rows`: `user_id`, `rank` (from 1), `item_id`, `score`, `title`."""
        ranking = self.recommender.recommend(torch.as_tensor(rows, dtype=torch.int64), k)
        items, scores = ranking.items.numpy(), ranking.scores.numpy()
        user_at, rank = np.nonzero(items >= 0)
        chosen = items[user_at, rank]
        return pd.DataFrame(
            {
                "user_id": self.graph.users["user_id"].to_numpy()[rows[user_at]],
                "rank": rank + 1,
                "item_id": self.graph.items["item_id"].to_numpy()[chosen],
                "score": scores[user_at, rank],
                "title": self.graph.items["title"].to_numpy()[chosen],
            }
        )


def load_folder(folder: Path, version: str) -> Served:
    """The model in `folder`, which holds `state/` and `graph/`; it is called `version`."""
    graph = read_graph(folder / "graph")
    return Served(version, graph, rebuild(read_state(folder / "state"), to_hetero(graph)))
