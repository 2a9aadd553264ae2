"""The interest graph in tables: who cares about what, how strongly, as of an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from features.schema import EXTRAS, ITEMS, USERS

DAY_US = 86_400_000_000
"""Microseconds of a day."""
USER_COLUMNS = {name: dtype for name, dtype in USERS.items() if name != EXTRAS}
ITEM_COLUMNS = {name: dtype for name, dtype in ITEMS.items() if name not in (EXTRAS, "description", "image_url")}
"""What nodes keep of the catalogue, with its types: what models and readers of the graph ask for."""
RENORMALISE_AFTER = 256.0
"""Half-lives between epoch and present after which the epoch moves: 2**256 is far below float64's 2**1023."""


@dataclass(frozen=True)
class InterestGraph:
    """Users, items and their edges as of `as_of`; rows are positions and are never renumbered.

    `users`, `items`: `USER_COLUMNS` and `ITEM_COLUMNS` plus `since` (int64 µs: first seen or first valid).
    `edges`: one row for each (user_row, item_row), sorted by both, with `count` (int64), `first_at`, `last_at`
    (int64 µs) and a column for each half-life (`weight_columns`): the sum over events of
    `w(event_type) · 2^((t − epoch) / half_life)`. Relative to a fixed epoch, decay is one global factor, so that an
    edge without new events need not be touched.
    """

    as_of: int
    epoch: int
    half_lives: tuple[int, ...]
    users: pd.DataFrame
    items: pd.DataFrame
    edges: pd.DataFrame

    @property
    def weight_columns(self) -> list[str]:
        return weight_columns(self.half_lives)

    def decay(self) -> np.ndarray:
        """[half-lives] factors that turn stored sums into weights as of `as_of`."""
        return np.exp2(-(self.as_of - self.epoch) / np.asarray(self.half_lives, dtype=np.float64))

    def weights(self) -> np.ndarray:
        """[edges, half-lives] float64: `Σ w · 2^(−(as_of − t) / half_life)`."""
        return self.edges[self.weight_columns].to_numpy(np.float64) * self.decay()


def weight_columns(half_lives: tuple[int, ...]) -> list[str]:
    """Names of the weight columns, for example `weight_21d`."""
    return [f"weight_{half_life / DAY_US:g}d" for half_life in half_lives]


def microseconds(moment: datetime) -> int:
    """µs since the Unix epoch, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def empty_graph(*, epoch: datetime, half_lives: tuple[timedelta, ...]) -> InterestGraph:
    """A graph without nodes, as of `epoch`."""
    spans = tuple(half_life // timedelta(microseconds=1) for half_life in half_lives)
    edges = {name: pd.Series([], dtype="int64") for name in ("user_row", "item_row", "count", "first_at", "last_at")}
    edges |= {name: pd.Series([], dtype="float64") for name in weight_columns(spans)}
    return InterestGraph(
        as_of=microseconds(epoch),
        epoch=microseconds(epoch),
        half_lives=spans,
        users=_no_nodes(USER_COLUMNS),
        items=_no_nodes(ITEM_COLUMNS),
        edges=pd.DataFrame(edges),
    )


def _no_nodes(columns: dict[str, str]) -> pd.DataFrame:
    table = pd.DataFrame({name: pd.Series([], dtype=dtype) for name, dtype in columns.items()})
    return table.assign(since=pd.Series([], dtype="int64"))
