"""Published lists: top-k for every user to Parquet, with a skip ledger for users who got none and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from expectations.predictions import check_predictions
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.files import digest_files, read_json, whole_folder, write_json, write_table
from pipelines.loaded import Served
from pipelines.served import load_version


def publish_lists(context: Context, version: str, window: str) -> dict[str, Any]:
    """Write `predictions/<window>/`: `lists.parquet`, `skipped.parquet` and a manifest; whole or not at all."""
    served = load_version(context, version, graph_folder=context.path("graphs", window, "end"))
    lists, skipped = _lists(served, context.params.publish.k)
    check = check_predictions(lists, k=context.params.publish.k)
    if not check.passed:
        raise ContractError(
            f"the lists of version {version} break their promises: {'; '.join(check.reasons)}",
            where=f"predictions/{window}",
            mend="the lists published before keep serving; look at the model's scores",
        )
    about = {
        "version": version,
        "window": window,
        "users": int(lists["user_id"].nunique()),
        "skipped": len(skipped),
    }
    with whole_folder(context.path("predictions", window)) as folder:
        write_table(folder / "lists.parquet", lists)
        write_table(folder / "skipped.parquet", skipped)
        about["digest"] = digest_files(folder)
        write_json(folder / "manifest.json", about)
    return about


def newest_published(context: Context) -> dict[str, Any] | None:
    """The manifest of the newest window that has lists."""
    manifests = sorted(context.path("predictions").glob("*/manifest.json"))
    return read_json(manifests[-1]) if manifests else None


def _lists(served: Served, k: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = _with_edges(served)
    lists = served.lists(rows, k).drop(columns="title")
    asked = served.graph.users["user_id"]
    got = set(lists["user_id"])
    silent = set(range(len(asked))) - set(rows.tolist())
    reasons = {
        user: "no event with an item yet" if row in silent else "the model ranked no item"
        for row, user in enumerate(asked)
        if pd.notna(user) and user not in got  # an erased user has no id
    }
    skipped = pd.DataFrame({"user_id": list(reasons), "reason": list(reasons.values())}, dtype="str")
    return lists, skipped


def _with_edges(served: Served) -> np.ndarray:
    return np.unique(served.graph.edges["user_row"].to_numpy(np.int64))
