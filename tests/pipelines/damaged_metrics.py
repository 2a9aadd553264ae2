"""A table of metrics with one thing wrong, as a broken disk, a broken step or somebody's hand could leave it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.judging.ranker import BASELINES

OTHER_WINDOW = "1999-12-26"


def _some(table: pd.DataFrame, random: np.random.Generator) -> tuple[str, str]:
    """A model and a slice that have rows."""
    row = table.iloc[int(random.integers(len(table)))]
    return str(row["model"]), str(row["slice"])


def _rows(table: pd.DataFrame, random: np.random.Generator) -> pd.Series:
    model, part = _some(table, random)
    return (table["model"] == model) & (table["slice"] == part)


def _metric(table: pd.DataFrame, random: np.random.Generator) -> str:
    named = [name for name in table.columns if name.startswith(("ndcg", "recall", "map", "hit_rate"))]
    return str(random.choice(named))


def nan(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[random.choice(table.index), _metric(table, random)] = np.nan
    return table


def infinite(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[random.choice(table.index), _metric(table, random)] = random.choice([np.inf, -np.inf, 7.0, -1.0])
    return table


def missing_user(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.drop(index=random.choice(table.index))


def missing_slice(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table[~_rows(table, random)]


def missing_model(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table[table["model"] != random.choice(table["model"].unique())]


def missing_metric(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.drop(columns=_metric(table, random))


def missing_number(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.drop(columns=str(random.choice(["model/forgetting", "lists/coverage_at_20", "k", "window"])))


def other_window(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[table["model"] == random.choice(table["model"].unique()), "window"] = OTHER_WINDOW
    return table


def other_k(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[_rows(table, random), "k"] = 10
    return table


def other_users(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[_rows(table, random), "user_row"] += 1
    return table


def swapped_models(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """A baseline's numbers under the candidate's name, and the other way round."""
    other = str(random.choice(list(BASELINES)))
    table["model"] = table["model"].replace({"candidate": other, other: "candidate"})
    return table


def swapped_users(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Two users of one model have each other's place: the rows are no longer those of the same users."""
    rows = table.index[_rows(table, random)]
    first, second = random.choice(len(rows), size=2, replace=False) if len(rows) > 1 else (0, 0)
    users = table.loc[rows, "user_row"].to_numpy().copy()
    users[[first, second]] = users[[second, first]]
    table.loc[rows, "user_row"] = users if first != second else users + 1
    return table


DAMAGES = (
    nan, infinite, missing_user, missing_slice, missing_model, missing_metric, missing_number, other_window, other_k,
    other_users, swapped_models, swapped_users,
)  # fmt: skip
