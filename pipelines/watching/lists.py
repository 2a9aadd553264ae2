"""Which published lists served on a day, and as what each of them is graded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import rows_of
from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_table
from pipelines.serving.publishing import published
from pipelines.windows import Window

CHAMPION = "champion"


@dataclass(frozen=True)
class Published:
    """The lists of a window: `versions` by role, the `champion` first; with `k` places each. `missing` says by role why
    somebody's are not there."""

    window: str
    folder: Path
    versions: dict[str, str]
    k: int
    missing: dict[str, str]

    def places(self, role: str, users: np.ndarray, graph: InterestGraph) -> np.ndarray:
        """[users, k] int64 item rows of `graph` in the order of rank, -1 where a list ends or there is none."""
        table = self._table(role)
        rows, items = rows_of(graph, "user", table["user_id"]), rows_of(graph, "item", table["item_id"])
        found = np.full((len(users), self.k), -1, dtype=np.int64)
        if not len(users):
            return found
        place = np.minimum(np.searchsorted(users, rows), len(users) - 1)
        asked = (users[place] == rows) & (rows >= 0) & (items >= 0) & (table["rank"].to_numpy() <= self.k)
        found[place[asked], table["rank"].to_numpy(np.int64)[asked] - 1] = items[asked]
        return found

    def listed(self, graph: InterestGraph) -> np.ndarray:
        """The rows of users who have a list of some role, rising."""
        rows = [rows_of(graph, "user", self._table(role)["user_id"].unique()) for role in self.versions]
        known = np.unique(np.concatenate(rows))
        return known[known >= 0]

    def _table(self, role: str) -> pd.DataFrame:
        name = "lists" if role == CHAMPION else role
        return read_table(self.folder / f"{name}.parquet", ["user_id", "rank", "item_id"])


def serving_on(day: Window, context: Context) -> Published:
    """The lists of the newest window that had ended when `day` began. StoreError where there are none."""
    ended = [told for told in published(context) if context.calendar.window(told["window"]).end <= day.start]
    if not ended:
        raise StoreError(
            f"no lists were published before {day.name}",
            where=str(context.path("predictions")),
            mend="name a day after the end of the first window that was published; `tidegraph bootstrap` publishes one",
        )
    return _as_published(ended[-1], context)


def _as_published(manifest: Mapping[str, Any], context: Context) -> Published:
    versions = {CHAMPION: manifest["version"], **manifest.get("compared", {})}
    of_before = {} if "compared" in manifest else {"reference": "these lists are of before there was a watch"}
    folder, k = context.path("predictions", manifest["window"]), manifest.get("k", context.params.publish.k)
    return Published(manifest["window"], folder, versions, k, manifest.get("missing", of_before))
