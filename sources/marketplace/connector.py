"""The marketplace as a source: any window of a simulation, made when it is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.schema import LANDED, empty
from sources.connector import ORDER, Connector, Place, SourceFault, Tables, digest, sort_table
from sources.mapping.shape import shape
from sources.mapping.spec import Mapping, TableSpec, options_as
from sources.marketplace.catalogue import item_rows
from sources.marketplace.delivery import deliver
from sources.marketplace.rows import to_arrow
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import window_users


class Marketplace(Connector):
    """Delivers what `tidegraph simulate` writes for the same options, on the calendar's windows."""

    def __init__(self, mapping: Mapping, place: Place) -> None:
        super().__init__(place.first_start)
        if mapping.tables:
            raise SourceFault(
                "a marketplace has no tables to map: it makes them",
                where=f"{mapping.path}, tables",
                mend="take `tables` out; `options` says what to simulate",
            )
        options = options_as(Options, mapping.options, f"{mapping.path}, options")
        self.settings = Settings(options=options, start=place.first_start.date(), length=place.length.days)
        self.name = mapping.name

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        window = self.settings.window_at(start)
        days, flaw = self.settings.days_of(window), self.settings.schedule().get(window)
        notes = ["simulated: no user, item or event of this window is real"]
        if not days or window < 0:
            nothing = {table: empty(table, LANDED) for table in LANDED}
            return Tables(nothing["events"], nothing["users"], nothing["items"], tuple(notes))
        events = [to_arrow(part.rows, self.world, flaw) for part in deliver(self.world, window)]
        if flaw == "added_column":
            notes.append("events: column referrer is not in the contract; it is kept in extras")
        tables = {
            "events": pa.concat_tables(events),
            "users": window_users(self.world, days),
            "items": item_rows(self.world.catalogue, days, self.world.day_us(days)),
        }
        shaped = {table: self._shape(raw, table, start) for table, raw in tables.items()}
        return Tables(shaped["events"], shaped["users"], shaped["items"], tuple(notes))

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        own = sorted(Path(__file__).parent.glob("*.py"))
        code = [path.read_bytes() for path in own]
        return digest(self.name, self.settings.model_dump_json(), start.isoformat(), end.isoformat(), *code)

    def last_event_at(self) -> datetime:
        return self.settings.end - timedelta(microseconds=1)

    @cached_property
    def world(self) -> World:
        return World(self.settings)

    def _shape(self, raw: pa.Table, table: str, start: datetime) -> pd.DataFrame:
        # through the same door as a file's columns, so that a file of the simulation lands as the same table
        return sort_table(shape(raw, table, TableSpec(), source=self.name, start=start), *ORDER[table])
