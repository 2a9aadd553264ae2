"""Items from a shop's own pages: what `tidegraph stream crawl` found new or changed in a window."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from sources.catalogue import open_connector
from sources.catalogue_crawler.crawl import CHUNK, TOPIC, crawl_options, page_spool
from sources.connector import Connector, Place, SourceFault, Tables, digest
from sources.landing import as_tables, mapped_tables, ordered
from sources.mapping.records import to_table
from sources.mapping.spec import Mapping

FIELDS = ("item_id", "title", "category", "brand", "price", "image_url", "description", "valid_from")


class CatalogueCrawler(Connector):
    """Reads what was crawled; asking for a window that is over closes it for good."""

    def __init__(self, mapping: Mapping, place: Place) -> None:
        super().__init__(place.first_start)
        beside = crawl_options(mapping).beside
        if set(mapping.tables) != {"items"}:
            raise SourceFault(
                "a crawl gives items and nothing else", where=f"{mapping.path}, tables", mend="describe `items` alone"
            )
        self.name, self._mapping = mapping.name, mapping
        self._items = mapped_tables(mapping, place.first_start)["items"]
        self._spool = page_spool(mapping, place)
        self._beside = open_connector("", place, mapping.path.parent / beside) if beside else None

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        self._close(end)
        found = as_tables({"items": self._items.joined(self._parts(start, end))})
        if self._beside is None:
            return found
        other = self._beside.collect(start, end, name)
        items = ordered(pd.concat([other.items, found.items], ignore_index=True), "items")
        return replace(other, items=items, notes=other.notes + found.notes)

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        self._close(end)
        found = self._spool.digest(TOPIC, start, end)
        beside = self._beside.fingerprint(start, end, name) if self._beside else "none"
        return digest(self.name, self._mapping.digest(), start.isoformat(), end.isoformat(), found, beside)

    def last_event_at(self) -> datetime | None:
        return self._beside.last_event_at() if self._beside else None

    def _close(self, end: datetime) -> None:
        if not self._spool.path.exists():
            raise SourceFault(
                "the shop was never crawled",
                where=str(self._spool.path.parent),
                mend=f"run `tidegraph stream crawl {self._mapping.path}`",
            )
        if end <= datetime.now(UTC):
            self._spool.close_until(end)

    def _parts(self, start: datetime, end: datetime) -> Iterator[pd.DataFrame]:
        for chunk in self._spool.bodies(TOPIC, start, end, CHUNK):
            yield self._items.shaped(to_table([json.loads(body) for _, body in chunk], FIELDS), start)
