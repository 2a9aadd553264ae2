"""Load and query: the candidate's own files, read by a fresh process, answer as it did when it was judged."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from features.catalogue import ids
from features.graph import InterestGraph
from models.evaluation import Examined
from models.verdict import RuleResult
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.jobs import Job
from pipelines.serving.answering import ask_in_fresh_process
from pipelines.serving.canned import LENGTH, USERS, find_unsound

NAME = "behaviour: load and query"
TOLERANCE = 1e-5
"""Scores in single precision, summed over batches of other sizes, differ by less; items that near may change places."""


def load_and_query(judged: Examined, graph: InterestGraph, job: Job, context: Context) -> RuleResult:
    """Up to 100 of the judged users, evenly spread; FAIL where the files cannot be loaded or answer otherwise."""
    users = judged.users.numpy()
    places = np.linspace(0, len(users) - 1, min(USERS, len(users))).round().astype(np.int64) if len(users) else users
    names = np.array(ids(graph, "user").to_pylist(), dtype=object)
    expected = _told(judged, places, names[users], graph)
    try:
        got = _ask(list(dict.fromkeys(expected["user_id"])), job, context)
    except RegistryError as error:
        return RuleResult(NAME, "FAIL", f"load and query: {error.what}", n_users=len(places))
    wrong = find_unsound(got) or _difference(expected, got)
    said = wrong or f"{len(places)} users are answered as they were when the candidate was judged"
    return RuleResult(NAME, "FAIL" if wrong else "PASS", f"load and query: {said}", n_users=len(places))


def _ask(users: list[str], job: Job, context: Context) -> pd.DataFrame:
    with TemporaryDirectory(prefix="tidegraph-") as place:
        (Path(place) / "state").symlink_to(context.path("updates", job.name, "candidate").resolve())
        (Path(place) / "graph").symlink_to(context.path("graphs", job.name, "cut").resolve())
        return ask_in_fresh_process(context.settings, folder=Path(place), users=users).answers


def _told(judged: Examined, places: np.ndarray, names: np.ndarray, graph: InterestGraph) -> pd.DataFrame:
    """What the candidate answered when it was judged, as a fresh process tells it."""
    items = judged.ranking.items.numpy()[places, :LENGTH]
    user_at, rank = np.nonzero(items >= 0)
    return pd.DataFrame(
        {
            "user_id": names[places[user_at]],
            "rank": rank + 1,
            "item_id": graph.items["item_id"].to_numpy()[items[user_at, rank]],
            "score": judged.ranking.scores.numpy()[places[user_at], rank],
        }
    )


def _difference(expected: pd.DataFrame, got: pd.DataFrame) -> str | None:
    """The first place where items differ that do not score alike; lists judged at fewer places are compared as far."""
    got = got[got["rank"] <= expected["rank"].max()]
    if len(expected) != len(got):
        return f"{len(got)} answers, not {len(expected)}"
    both = expected.merge(got, on=["user_id", "rank"], suffixes=("", "_got"))
    if len(both) != len(expected):
        return "other users are answered"
    far = (both["score"] - both["score_got"]).abs() > TOLERANCE * np.maximum(1, both["score"].abs())
    if not far.any():
        return None
    first = both[far].iloc[0]
    return (
        f"user {first['user_id']}, rank {first['rank']}: {first['item_id_got']} ({first['score_got']:.6g}), "
        f"not {first['item_id']} ({first['score']:.6g})"
    )
