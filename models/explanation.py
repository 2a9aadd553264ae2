"""Why an item has its score: parts that sum to it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

EXPLAINED_ITEMS = 10
"""Own items that an explanation names; the rest of the score is one channel."""


def explanation(parts: Mapping[str, float]) -> pd.DataFrame:
    """One row for each channel, largest `value` first: `channel`, `value` and `share`, the value's part of the score.

    The values sum to the score and the shares to 1; a score of 0 has shares of 0.
    """
    total = sum(parts.values())
    table = pd.DataFrame(
        {
            "channel": pd.Series(list(parts), dtype="str"),
            "value": pd.Series(list(parts.values()), dtype="float64"),
        }
    )
    table["share"] = table["value"] / total if total else 0.0
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def strongest(items: np.ndarray, added: np.ndarray, score: float) -> pd.DataFrame:
    """The EXPLAINED_ITEMS own `items` [n] that add most to `score`, or take most from it, and the remainder."""
    first = np.argsort(-np.abs(added), kind="stable")[:EXPLAINED_ITEMS]
    parts = {f"item {items[place]}": float(added[place]) for place in first}
    return explanation(parts | {"remainder": score - sum(parts.values())})
