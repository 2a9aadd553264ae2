"""Canned answers: what a version answers to fixed requests, kept beside its weights, to know it again by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.files import read_table, write_table
from pipelines.serving.loaded import Served

FILE = "answers.parquet"
USERS, LENGTH = 100, 20
TOLERANCE = 1e-9
"""Scores of the same weights over the same graph differ by less, whichever process computes them."""
_COLUMNS = ["user_id", "rank", "item_id", "score"]


def canned_users(served: Served) -> list[str]:
    """Up to USERS users who have edges, evenly over their rows: the same for the same graph."""
    users = served.graph.users["user_id"].to_numpy()
    rows = np.unique(served.graph.edges["user_row"].to_numpy(np.int64))
    rows = rows[pd.notna(users[rows])]
    chosen = np.linspace(0, len(rows) - 1, min(USERS, len(rows))).round().astype(np.int64)
    return [str(user) for user in users[rows[chosen]]]


def answer(served: Served, users: list[str]) -> pd.DataFrame:
    """The first LENGTH items of each user: `user_id`, `rank` from 1, `item_id`, `score`, in the order asked.

    A user whom the graph does not know gets no answer.
    """
    rows = served.rows_of(users)
    return served.lists(rows[rows >= 0], LENGTH)[_COLUMNS].reset_index(drop=True)


def write_answers(folder: Path, served: Served) -> None:
    """Keep what `served` answers in its model folder."""
    write_table(folder / FILE, answer(served, canned_users(served)))


def read_answers(folder: Path) -> pd.DataFrame | None:
    """The canned answers of a model folder; None for a version that was made before there were any."""
    return read_table(folder / FILE, columns=_COLUMNS) if (folder / FILE).is_file() else None


def find_difference(expected: pd.DataFrame, got: pd.DataFrame) -> str | None:
    """The first answer that is not as expected: same users and items in the same places, scores to TOLERANCE."""
    if len(expected) != len(got):
        return f"{len(got)} answers, not {len(expected)}"
    for name in ("user_id", "rank", "item_id"):
        wrong = np.flatnonzero(expected[name].to_numpy() != got[name].to_numpy())
        if len(wrong):
            return _tell(expected.iloc[wrong[0]], got.iloc[wrong[0]])
    near = np.isclose(got["score"], expected["score"], rtol=0, atol=TOLERANCE)
    wrong = np.flatnonzero(~near)
    return _tell(expected.iloc[wrong[0]], got.iloc[wrong[0]]) if len(wrong) else None


def find_unsound(got: pd.DataFrame) -> str | None:
    """What is wrong with answers that nothing is known to compare with."""
    return None if len(got) and np.isfinite(got["score"]).all() else "no finite answers"


def _tell(expected: pd.Series, got: pd.Series) -> str:
    said, meant = (f"{row['item_id']} ({row['score']:.9g})" for row in (got, expected))
    return f"user {expected['user_id']}, rank {expected['rank']}: {said}, not {meant}"
