"""What `mlflow models serve` runs: the version's recommender over the graph it ships with.

MLflow runs this file itself (models from code); it must import nothing that serving does not need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import torch
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext

from features.catalogue import rows_of
from features.hetero import to_hetero
from models.catalogue import rebuild
from pipelines.graphs.files import read_graph
from pipelines.serving.model_files import read_state


class ServedModel(PythonModel):
    """Answers `user_id` with ranked items."""

    def load_context(self, context: PythonModelContext) -> None:
        folder = Path(context.artifacts["model"])
        graph = read_graph(folder / "graph")
        self._graph = graph
        self._items = graph.items[["item_id", "title"]]
        self._recommender = rebuild(read_state(folder / "state"), to_hetero(graph))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The first `k` items for each `user_id`: `user_id`, `rank` from 1, `item_id`, `score`, `title`.

        An unknown user, or a `k` below 1, is refused with HTTP status 400.
        """
        k = int((params or {}).get("k", 20))
        if k < 1:
            raise _refusal(f"k must be 1 or more, not {k}")
        asked = model_input["user_id"].astype(str)
        rows = rows_of(self._graph, "user", asked)
        if (rows < 0).any():
            raise _refusal(f"unknown user_id: {', '.join(asked[rows < 0])}")
        return self._rank(asked.to_numpy(), rows, k)

    def _rank(self, asked: np.ndarray, rows: np.ndarray, k: int) -> pd.DataFrame:
        ranking = self._recommender.recommend(torch.as_tensor(rows, dtype=torch.int64), k)
        items = ranking.items.numpy()
        at, rank = np.nonzero(items >= 0)
        chosen = self._items.iloc[items[at, rank]]
        return pd.DataFrame(
            {
                "user_id": asked[at],
                "rank": rank + 1,
                "item_id": chosen["item_id"].to_numpy(),
                "score": ranking.scores.numpy()[at, rank],
                "title": chosen["title"].to_numpy(),
            }
        )


def _refusal(message: str) -> MlflowException:
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


mlflow.models.set_model(ServedModel())
