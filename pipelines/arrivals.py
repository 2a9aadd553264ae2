"""What some windows bring to the graph: events to add, and edges that corrections make to be built anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from features.revisions import counting
from pipelines.context import Context
from pipelines.partitions import GRAPH_EVENT_COLUMNS, read_arrivals, read_events, read_partitions
from pipelines.windows import Window

_IDENTIFIED = ["event_id", *GRAPH_EVENT_COLUMNS]


class Arrivals:
    """The rows that arrived in `windows`, ready to be folded between one instant and the next."""

    def __init__(self, context: Context, windows: Sequence[Window]) -> None:
        self._context, self._windows = context, windows
        self.users, self.items = (read_partitions(context, windows, table) for table in ("users", "items"))
        self._events = read_arrivals(context, windows, GRAPH_EVENT_COLUMNS)
        self._corrects = bool((self._events["revision"] > 0).any())
        if self._corrects:
            self._events = read_arrivals(context, windows, _IDENTIFIED)

    def events_between(
        self, done: pd.Timestamp | None, instant: pd.Timestamp
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Events to fold, given that those before `done` are folded (None: none is), and pairs to forget first."""
        new = self._events["occurred_at"] < instant
        if done is not None:
            new &= self._events["occurred_at"] >= done
        if not self._corrects:
            return self._events[new], None
        return self._corrected(self._events[new], done, instant)

    def _corrected(
        self, new: pd.DataFrame, done: pd.Timestamp | None, instant: pd.Timestamp
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        ids = self._events.loc[self._events["revision"] > 0, "event_id"].unique().tolist()
        folded = self._folded(done, [("event_id", "in", ids)])
        rows = pd.concat([folded, new[new["event_id"].isin(ids)]], ignore_index=True)
        counts = counting(rows, instant)
        counted = counting(folded, instant)
        lost = folded[counted & ~counts.iloc[: len(folded)]].dropna(subset=["item_id"])
        replaced = rows.loc[~counts, ["event_id", "revision"]]
        alive = new[~_among(new, replaced, ["event_id", "revision"])]
        if lost.empty:
            return alive, None
        pairs = lost[["user_id", "item_id"]].drop_duplicates()
        return pd.concat([alive[~_among(alive, pairs)], self._history(pairs, new, done, instant)]), pairs

    def _history(
        self, pairs: pd.DataFrame, new: pd.DataFrame, done: pd.Timestamp | None, instant: pd.Timestamp
    ) -> pd.DataFrame:
        """All that counts of `pairs`; a correction may name another user or item than the event it corrects."""
        users = self._folded(done, [("user_id", "in", pairs["user_id"].unique().tolist())])
        named = pd.concat([users, new], ignore_index=True)
        ids = named.loc[_among(named, pairs), "event_id"].unique().tolist()
        whole = pd.concat([self._folded(done, [("event_id", "in", ids)]), new[new["event_id"].isin(ids)]])
        whole = whole.reset_index(drop=True)
        return whole[counting(whole, instant) & _among(whole, pairs)]

    def _folded(self, done: pd.Timestamp | None, filters: list[tuple[str, str, Any]]) -> pd.DataFrame:
        """The rows that the graph has folded before this delta, as far as `filters` ask for them."""
        earlier = self._context.calendar.until(self._windows[0].name)
        known_by = earlier[-1] if earlier else None
        before = read_events(self._context, earlier, known_by=known_by, columns=_IDENTIFIED, filters=filters)
        if done is None:
            return before
        column, _, values = filters[0]
        own = self._events[(self._events["occurred_at"] < done) & self._events[column].isin(values)]
        return pd.concat([before, own], ignore_index=True)


def _among(rows: pd.DataFrame, keys: pd.DataFrame, columns: list[str] | None = None) -> pd.Series:
    columns = columns or ["user_id", "item_id"]
    return pd.Series(pd.MultiIndex.from_frame(rows[columns]).isin(pd.MultiIndex.from_frame(keys[columns])), rows.index)
