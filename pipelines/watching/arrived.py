"""What had come by the end of a day: accepted rows, and of a window that was not collected yet what the source has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import ibis
import pandas as pd
from ibis.expr.types import Table
from torch import Tensor

from features.backend import local_backend
from features.delta import event_table
from features.graph import InterestGraph
from features.schema import empty
from pipelines.context import Context
from pipelines.errors import SourceError
from pipelines.graphs.erasures import read_erasures, until_of
from pipelines.judging.lessons import bought_of
from pipelines.snapshots.event_tables import open_events
from pipelines.snapshots.partitions import event_files, read_events
from pipelines.watching.open_window import accepted_so_far
from pipelines.windows import Window

COLUMNS = ["user_id", "item_id", "event_type", "occurred_at"]


@dataclass(frozen=True)
class Arrived:
    """Events as known at `until`, an instant that ends a day; nothing later is looked at."""

    context: Context
    until: datetime
    _read: dict[str, pd.DataFrame] = field(default_factory=dict, compare=False)

    def between(self, start: datetime, end: datetime) -> pd.DataFrame:
        """`COLUMNS` of the events in `[start, end)`, but for those of users who asked to be forgotten."""
        windows = list(self._overlapping(start, end))
        known = [window for window in windows if self._accepted(window)]
        parts = [self._open(window)[COLUMNS] for window in windows if window not in known]
        if known:
            parts.append(read_events(self.context, known, known_by=windows[-1], columns=COLUMNS))
        events = pd.concat(parts, ignore_index=True) if parts else empty("events")[COLUMNS]
        events = events[(events["occurred_at"] >= start) & (events["occurred_at"] < min(end, self.until))]
        forgotten = pd.to_datetime(events["user_id"].map(until_of(read_erasures(self.context))), unit="us", utc=True)
        return events[~(events["occurred_at"] < forgotten)].reset_index(drop=True)

    def check(self, day: Window) -> None:
        """Raise SourceError where nothing came of `day` and its window is still open: the source may be behind."""
        open_windows = [window for window in self._overlapping(day.start, day.end) if not self._accepted(window)]
        if open_windows and self.between(day.start, day.end).empty:
            raise SourceError(
                f"the source has no event of {day.name} yet",
                where=f"window {open_windows[0].name}, which was not collected yet",
                mend="look again once the source is loaded, or after the window's update",
            )

    def bought(self, start: datetime, end: datetime, graph: InterestGraph) -> Tensor:
        """[2, n] pairs (user row, item row of `graph`) bought in `[start, end)`."""
        windows = list(self._overlapping(start, end))
        names = {window.name for window in windows if self._accepted(window)}
        known_by = windows[-1].name
        files = [each for each in event_files(self.context) if each.belongs in names and each.arrived <= known_by]
        with local_backend() as backend:
            tables: list[Table] = [open_events([file.path for file in files], backend)] if files else []
            tables += [event_table(self._open(window)) for window in windows if window.name not in names]
            events = ibis.union(*tables) if len(tables) > 1 else tables[0]
            return bought_of(events, start, min(end, self.until), graph, self.context, backend)

    def _overlapping(self, start: datetime, end: datetime) -> Iterator[Window]:
        return (window for window in self.context.calendar.before(end) if window.end > start)

    def _accepted(self, window: Window) -> bool:
        return self.context.path("registry", "partitions", window.name, "events.parquet").is_file()

    def _open(self, window: Window) -> pd.DataFrame:
        """The rows that the contract accepts of those the source has by now of a window that is still open."""
        if window.name not in self._read:
            self._read[window.name] = accepted_so_far(window, min(window.end, self.until), self.context)
        return self._read[window.name]
