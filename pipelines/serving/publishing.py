"""Published lists: top-k for every user to Parquet, with a skip ledger for users who got none and why.

Beside the champion's lie the lists that others would have published: of the version that a rollback would restore (the
reference), and of a candidate that was not promoted. The watch grades all of them by what users then bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from torch_geometric.data import HeteroData

from expectations.predictions import check_predictions
from features.graph import InterestGraph
from features.hetero import to_hetero
from models.catalogue import rebuild
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import ContractError, TidegraphError
from pipelines.files import digest_files, read_json, whole_folder, write_json, write_table
from pipelines.graphs.files import read_graph
from pipelines.graphs.forgotten import asked_since
from pipelines.serving.loaded import Served
from pipelines.serving.model_files import read_state

COLUMNS = ["user_id", "rank", "item_id", "score"]


def publish_lists(context: Context, version: str, window: str, *, candidate: str | None = None) -> dict[str, Any]:
    """Write `predictions/<window>/`: `lists.parquet`, `skipped.parquet`, what others would have published, and a
    manifest; whole or not at all.

    `candidate` is a version of this window that was not promoted. What another one's lists lack is told in the
    manifest, and keeps nothing from being published. Whoever asked to be forgotten is in none of the tables, even
    where the window's graph still holds them.
    """
    folder = context.path("graphs", window, "end")
    graph, forgotten = read_graph(folder), asked_since(folder, context)
    hetero, rows = to_hetero(graph), _with_events(graph, forgotten)
    lists = _lists(version, graph, hetero, rows, context)
    skipped = _skipped(lists, graph, rows, forgotten)
    about: dict[str, Any] = {
        "version": version,
        "window": window,
        "k": context.params.publish.k,
        "users": int(lists["user_id"].nunique()),
        "without_list": len(skipped),
        "compared": {},
        "missing": {},
    }
    with whole_folder(context.path("predictions", window)) as beside:
        write_table(beside / "lists.parquet", lists)
        write_table(beside / "skipped.parquet", skipped)
        for role, other in _others(version, candidate, context):
            try:
                theirs = _lists(other, graph, hetero, rows, context)
            except (TidegraphError, ValueError, KeyError, RuntimeError) as error:  # torch raises RuntimeError
                about["missing"][role] = f"version {other} has no lists on this graph: {error}"
                continue
            write_table(beside / f"{role}.parquet", theirs)
            about["compared"][role] = other
        about["digest"] = digest_files(beside)
        write_json(beside / "manifest.json", about)
    return about


def published(context: Context) -> Iterator[dict[str, Any]]:
    """The manifests of published lists, by window; not those of a folder that a killed process was still writing."""
    for path in sorted(context.path("predictions").glob("*/manifest.json")):
        if not path.parent.name.startswith("."):
            yield read_json(path)


def newest_published(context: Context) -> dict[str, Any] | None:
    """The manifest of the newest window that has lists."""
    return next(reversed(list(published(context))), None)


def _others(version: str, candidate: str | None, context: Context) -> Iterator[tuple[str, str]]:
    """Role and version of whose lists are written beside those of `version`."""
    previous = registry.previous(context)
    if previous is not None and previous.version != version:
        yield "reference", previous.version
    if candidate not in (None, version):
        yield "candidate", str(candidate)


def _lists(version: str, graph: InterestGraph, hetero: HeteroData, rows: np.ndarray, context: Context) -> pd.DataFrame:
    """Of the users at `rows`; ContractError where they break their promises."""
    state = read_state(registry.model_folder(context, version) / "state")
    served, k = Served(version, graph, rebuild(state, hetero)), context.params.publish.k
    lists = served.lists(rows, k)[COLUMNS]
    check = check_predictions(lists, k=k)
    if not check.passed:
        raise ContractError(
            f"the lists of version {version} break their promises: {'; '.join(check.reasons)}",
            where=str(context.path("predictions")),
            mend="the lists published before keep serving; look at the model's scores",
        )
    return lists


def _with_events(graph: InterestGraph, forgotten: set[str]) -> np.ndarray:
    """Rows of users who have an event with an item."""
    rows = np.unique(graph.edges["user_row"].to_numpy(np.int64))
    return rows[~graph.users["user_id"].iloc[rows].isin(forgotten).to_numpy()]


def _skipped(lists: pd.DataFrame, graph: InterestGraph, rows: np.ndarray, forgotten: set[str]) -> pd.DataFrame:
    asked, got = graph.users["user_id"], set(lists["user_id"])
    silent = set(range(len(asked))) - set(rows.tolist())
    reasons = {
        user: "no event with an item yet" if row in silent else "the model ranked no item"
        for row, user in enumerate(asked)
        if pd.notna(user) and user not in got and user not in forgotten  # an erased user has no id
    }
    return pd.DataFrame({"user_id": list(reasons), "reason": list(reasons.values())}, dtype="str")
