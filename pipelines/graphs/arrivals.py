"""What some windows bring to the graph: events to add, and events of before that no longer count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
import pyarrow.compute as pc
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from features.backend import held, run
from features.delta import Delta
from features.graph import microseconds
from features.revisions import counting, newest_revisions, replaced
from pipelines.context import Context
from pipelines.graphs.erasures import Erasure, of_erased, read_erasures, without_erased
from pipelines.snapshots.accepted_files import has_corrections
from pipelines.snapshots.event_tables import open_catalogue, open_events
from pipelines.snapshots.partitions import EventFile, catalogue_files, event_files
from pipelines.windows import Window


class Arrivals:
    """The rows that arrived in `windows`, ready to be folded between one instant and the next.

    A graph that has folded the first `forgotten` erasures is rid of what the others cover. With None all erasures
    count as folded: a graph is built as if the erased had never been there.
    """

    def __init__(
        self, context: Context, windows: Sequence[Window], backend: BaseBackend, *, forgotten: int | None = None
    ) -> None:
        self._context, self._windows, self._backend = context, windows, backend
        names = {window.name for window in windows}
        files = list(event_files(context))
        own = [file for file in files if file.arrived in names]
        self._earlier = [file for file in files if file.arrived < windows[0].name]
        self._corrected = any(has_corrections(file.path) for file in [*self._earlier, *own])
        self._erasures = read_erasures(context)
        self._folded = self._erasures if forgotten is None else self._erasures[:forgotten]
        self._own = self._open(own)
        if self._earlier:  # a delta, which is small; without anything before it, it may be a whole history
            self._own = held(self._own, backend)
        users, items = (open_catalogue(catalogue_files(context, windows, name), name, backend) for name in _CATALOGUES)
        self._users, self._items = without_erased(users, self._erasures, moment="valid_from"), items

    @property
    def erases(self) -> list[Erasure]:
        """The erasures that the graph has not folded yet."""
        return self._erasures[len(self._folded) :]

    def between(self, done: datetime | None, instant: datetime) -> Delta:
        """What there is to fold up to `instant`, given that what happened before `done` is folded (None: none is)."""
        now, start = microseconds(instant), microseconds(done) if done else None
        new = self._but_for(self._erasures, _within(self._own, "at", start, now))
        users, items = (_within(table, "valid_from", start, now) for table in (self._users, self._items))
        if not self._earlier and start is None:
            return Delta(counting(new, newest_revisions(new)) if self._corrected else new, users, items)
        rows = self._before(self._earlier, start)
        left = self._but_for(self._erasures, rows)
        newest = held(newest_revisions(ibis.union(left, new)), self._backend) if self._corrected else None
        known = self._counted(rows, start)
        lost = self._lost(known, newest)
        alive = new if newest is None else held(counting(new, newest), self._backend)
        if newest is not None and self.erases:  # what the erased had corrected counts again
            again = counting(left, newest).anti_join(known, ["event_id", "revision"])
            alive = held(ibis.union(alive, again), self._backend)
        nearby = known if self.erases else self._nearby(alive, lost, start)
        return Delta(alive, users, items, known=known, nearby=nearby, lost=lost)

    def _open(self, files: Sequence[EventFile]) -> Table:
        return open_events([file.path for file in files], self._backend)

    def _before(self, files: Sequence[EventFile], start: int | None) -> Table:
        """All revisions that the graph has folded, of the files and of the windows' own."""
        if start is None:
            return self._open(files)
        own = self._own.filter(self._own["at"] < start)
        return ibis.union(self._open(files), own) if files else own

    def _counted(self, rows: Table, start: int | None) -> Table:
        """Those of `rows` that count in the graph as it is."""
        rows = self._but_for(self._folded, rows)
        if not self._corrected:
            return rows
        return counting(rows, newest_revisions(self._but_for(self._folded, self._before(self._earlier, start))))

    def _but_for(self, erasures: list[Erasure], rows: Table) -> Table:
        return without_erased(rows, erasures, moment="at")

    def _lost(self, known: Table, newest: Table | None) -> Table | None:
        lost = [] if newest is None else [replaced(known, newest)]
        if self.erases:
            lost.append(of_erased(known, self.erases))
        if not lost:
            return None
        gone = held(ibis.union(*lost, distinct=True) if len(lost) > 1 else lost[0], self._backend)
        return gone if self._backend.to_pyarrow(gone.count()).as_py() else None

    def _nearby(self, new: Table, lost: Table | None, start: int | None) -> Table:
        """Of what is known, the events that sessions of what comes or goes may hold: read from few files, however
        many there are."""
        touched = new if lost is None else ibis.union(new, lost)
        moments = run(touched.select("user_id", "at"), self._backend)
        if not len(moments):
            return new.limit(0)
        reach = self._context.params.refresh.rules().click_within
        ends = pc.min_max(moments["at"]).as_py()
        first, last = ends["min"] - reach, ends["max"] + reach
        near = self._before([file for file in self._earlier if self._overlaps(file, first, last)], start)
        users = ibis.memtable(moments.group_by("user_id").aggregate([]))
        near = near.filter((near["at"] >= first) & (near["at"] <= last)).semi_join(users, "user_id")
        return held(self._counted(near, start), self._backend)

    def _overlaps(self, file: EventFile, first: int, last: int) -> bool:
        window = self._context.calendar.window(file.belongs)
        return microseconds(window.start) <= last and microseconds(window.end) > first


_CATALOGUES = ("users", "items")


def _within(rows: Table, moment: str, start: int | None, end: int) -> Table:
    rows = rows.filter(rows[moment] < end)
    return rows if start is None else rows.filter(rows[moment] >= start)
