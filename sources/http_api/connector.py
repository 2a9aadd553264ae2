"""A paged JSON API: the window goes into the query, the records of all its pages are the rows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from sources.connector import TIME, Connector, Place, Tables, digest
from sources.http_api.client import HttpClient
from sources.http_api.options import HttpOptions, HttpRows
from sources.http_api.pages import Records, pages, window_url
from sources.http_api.sampling import first_records, stretches
from sources.landing import MappedTable, as_tables, mapped_tables
from sources.mapped_files import Sample
from sources.mapping.faults import Places
from sources.mapping.records import to_table
from sources.mapping.spec import ARRIVED_AT, Mapping, options_as, rules_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Pulled = dict[str, Records]


class HttpApi(Connector):
    """Asks anew for each window; what `fingerprint` read is what the `collect` right after it lands."""

    def __init__(self, mapping: Mapping, place: Place, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(place.first_start)
        self.name, self._mapping, self._sleep = mapping.name, mapping, sleep
        self._options = options_as(HttpOptions, mapping.options, f"{mapping.path}, options")
        self._tables = mapped_tables(mapping, place.first_start)
        self._rows = {
            name: options_as(HttpRows, spec.rows, f"{mapping.path}, tables.{name}.from")
            for name, spec in mapping.tables.items()
        }
        self._length = place.length
        self._cache = place.state / "http_api" / mapping.name
        self._pulled: tuple[tuple[datetime, datetime], Pulled] | None = None

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        window, pulled = self._pulled or ((EPOCH, EPOCH), {})
        self._pulled = None
        if window != (start, end):
            pulled = self._pull(start, end)
        return as_tables({table: self._frame(table, records, start, end) for table, records in pulled.items()})

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        """Covers every record of the window; pages that the server says are unchanged are not sent again."""
        pulled = self._pull(start, end)
        self._pulled = (start, end), pulled
        sums = [hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest() for records in pulled.values()]
        window = (start.isoformat(), end.isoformat(), self.first_start.isoformat())
        return digest(self.name, self._mapping.digest(), *window, *sums)

    def last_event_at(self) -> None:
        return None

    def sample(self, rows: int) -> Iterator[Sample]:
        """At most `rows` records of each table, of the first few pages that have any; nothing is kept."""
        with self._asking(None) as client:
            found = {table: self._first(client, table, rows) for table in self._tables}
        for table, records in found.items():
            if records:
                raw, numbers = self._held(table, to_table(records))
                places = Places(self._rows[table].path, numbers, "record")
                yield Sample(table, self._tables[table].spec, raw, places)

    def _first(self, client: HttpClient, table: str, most: int) -> Records:
        since = self.first_start if table == "events" else EPOCH
        among = stretches(self.first_start, self._length, since, datetime.now(UTC))
        return first_records(client, self._options, self._rows[table], among, most)

    def _held(self, table: str, raw: pa.Table) -> tuple[pa.Table, np.ndarray]:
        """The rows that a window would hold, and their numbers from 1; all rows where none would, which says why."""
        numbers, clock = np.arange(1, len(raw) + 1), self._clock(table)
        if table != "events" or clock is None:
            return raw, numbers
        times = self._tables[table].shaped(raw, self.first_start)[clock]
        held = ~(times < pd.Timestamp(self.first_start)).to_numpy(bool)
        return (raw.filter(pa.array(held)), numbers[held]) if held.any() else (raw, numbers)

    def _pull(self, start: datetime, end: datetime) -> Pulled:
        with self._asking(self._cache) as client:
            return {
                table: [record for page in self._pages(client, table, start, end) for record in page]
                for table in self._rows
            }

    @contextmanager
    def _asking(self, cache: Path | None) -> Iterator[HttpClient]:
        client = HttpClient(self._options, cache, where=f"{self._mapping.path}, options", sleep=self._sleep)
        try:
            yield client
        finally:
            client.close()

    def _pages(self, client: HttpClient, table: str, start: datetime, end: datetime) -> Iterator[Records]:
        rows = self._rows[table]
        first = start == self.first_start
        if not first and self._comes_once(table):
            return iter(())
        since = EPOCH if first and table != "events" else start  # the shop is older than the first window
        return pages(client, self._options, rows, window_url(self._options, rows, since, end))

    def _comes_once(self, table: str) -> bool:
        """Whether neither the server nor a column tells when a row of a catalogue came: then it comes first, whole."""
        return table != "events" and not self._rows[table].cut_by_server and self._clock(table) is None

    def _clock(self, table: str) -> str | None:
        """The field by which we cut rows into windows ourselves; None where the server has done it, or nothing can."""
        fields = rules_of(table, self._tables[table].spec)
        if ARRIVED_AT in fields:
            return ARRIVED_AT
        return TIME[table] if TIME[table] in fields and not self._rows[table].cut_by_server else None

    def _frame(self, table: str, records: Records, start: datetime, end: datetime) -> pd.DataFrame:
        mapped: MappedTable = self._tables[table]
        if not records:
            return mapped.joined([])
        rows, clock = mapped.shaped(to_table(records), start), self._clock(table)
        return mapped.joined([rows if clock is None else mapped.within(rows, start, end, column=clock)])
