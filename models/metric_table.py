"""What was measured of models as one plain table and back: what the evaluate step writes and the gate step reads."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch

from models.gates.evidence import Measured
from models.metrics import UserMetrics

COLUMNS = ("window", "model", "slice", "user_row", "k")
"""One row for each model, slice and user, with a column for each metric of users; metrics of `lists/` and of the
`model/` as a whole are repeated in all rows of theirs, and empty where they were not measured."""
LISTS, MODEL = "lists/", "model/"


def to_table(models: Mapping[str, Measured]) -> pd.DataFrame:
    """The table of `COLUMNS` of all `models` by name; a slice without users leaves no rows."""
    tables = [
        pd.DataFrame(
            {"window": measured.window, "model": name, "slice": slice_name, "user_row": metrics.users.numpy()}
            | {"k": metrics.k}
            | {metric: values.numpy() for metric, values in metrics.values.items()}
            | {f"{LISTS}{metric}": value for metric, value in metrics.overall.items()}
            | {f"{MODEL}{metric}": value for metric, value in measured.numbers.items()}
        )
        for name, measured in models.items()
        for slice_name, metrics in measured.slices.items()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def from_table(table: pd.DataFrame) -> dict[str, Measured]:
    """The models by name that `to_table` wrote; ValueError names missing columns, and a model of two windows."""
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(f"the table of metrics lacks {', '.join(missing)}")
    return {str(name): _measured(str(name), part) for name, part in table.groupby("model", sort=False)}


def _measured(name: str, part: pd.DataFrame) -> Measured:
    windows = [str(window) for window in part["window"].unique()]
    if len(windows) > 1:
        raise ValueError(f"the table of metrics has {name} of windows {', '.join(windows)}")
    slices = {str(slice_name): _metrics(rows) for slice_name, rows in part.groupby("slice", sort=False)}
    return Measured(windows[0], slices, _repeated(part, MODEL))


def _metrics(rows: pd.DataFrame) -> UserMetrics:
    of_users = [name for name in rows.columns if name not in COLUMNS and not name.startswith((LISTS, MODEL))]
    return UserMetrics(
        users=torch.tensor(rows["user_row"].to_numpy(dtype="int64")),
        values={name: torch.tensor(rows[name].to_numpy(dtype="float64")) for name in of_users},
        overall=_repeated(rows, LISTS),
        k=int(rows["k"].iloc[0]),
    )


def _repeated(rows: pd.DataFrame, prefix: str) -> dict[str, float]:
    names = [name for name in rows.columns if name.startswith(prefix)]
    return {name.removeprefix(prefix): float(rows[name].iloc[0]) for name in names}
