"""Evaluations as one plain table and back: what the evaluate step writes and the gate step reads."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch

from models.metrics import Evaluation, UserMetrics

COLUMNS = ("model", "slice", "user_row", "ndcg", "recall", "hit", "coverage", "k")
"""One row for each model, slice and user; `coverage` and `k` are those of the slice, repeated."""


def to_table(evaluations: Mapping[str, Evaluation]) -> pd.DataFrame:
    """The table of `COLUMNS` of all `evaluations` (by model); a slice without users leaves no rows."""
    tables = [
        pd.DataFrame(
            {
                "model": model,
                "slice": name,
                "user_row": metrics.users.numpy(),
                "ndcg": metrics.ndcg.numpy(),
                "recall": metrics.recall.numpy(),
                "hit": metrics.hit.numpy(),
                "coverage": metrics.coverage,
                "k": metrics.k,
            }
        )
        for model, evaluation in evaluations.items()
        for name, metrics in evaluation.items()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def from_table(table: pd.DataFrame) -> dict[str, dict[str, UserMetrics]]:
    """The evaluations by model and slice that `to_table` wrote; ValueError names missing columns."""
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(f"the table of metrics lacks {', '.join(missing)}")
    found: dict[str, dict[str, UserMetrics]] = {}
    for (model, name), part in table.groupby(["model", "slice"], sort=False):
        found.setdefault(str(model), {})[str(name)] = UserMetrics(
            users=torch.tensor(part["user_row"].to_numpy(dtype="int64")),
            **{column: torch.tensor(part[column].to_numpy(dtype="float64")) for column in ("ndcg", "recall", "hit")},
            coverage=float(part["coverage"].iloc[0]),
            k=int(part["k"].iloc[0]),
        )
    return found
