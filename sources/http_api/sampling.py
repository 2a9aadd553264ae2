"""A few pages of an API, for `tidegraph source check`: the first records that there are, from the first window on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sources.connector import SourceFault
from sources.http_api.client import HttpClient
from sources.http_api.options import HttpOptions, HttpRows
from sources.http_api.pages import Records, pages, window_url

PAGES = 10
"""So many pages of records are read at most."""
WIDER = 4
"""A stretch of time without records is followed by one so many times as long."""

Stretch = tuple[datetime, datetime]


def stretches(first: datetime, length: timedelta, since: datetime, now: datetime) -> Iterator[Stretch]:
    """The first window, from `since` on, longer and longer stretches up to `now`, at last what is older."""
    start, end = first, first + length
    yield since, end
    while end < now:
        start, length = end, WIDER * length
        end = start + min(length, now - start)
        yield start, end
    if since == first:
        yield datetime(1970, 1, 1, tzinfo=UTC), first


def first_records(
    client: HttpClient, options: HttpOptions, rows: HttpRows, among: Iterator[Stretch], most: int
) -> Records:
    """At most `most` records, of the first stretch that has any. Raises SourceFault as `pages` does."""
    window = next(among)
    found = _records(client, options, rows, window, most)
    if not rows.cut_by_server:
        return found  # the server was not told the window: it would give the same again
    for stretch in among:
        if found:
            break
        try:
            found = _records(client, options, rows, stretch, most)
        except SourceFault as fault:
            raise _empty_first(window, fault) from fault
    return found


def _records(client: HttpClient, options: HttpOptions, rows: HttpRows, stretch: Stretch, most: int) -> Records:
    found: Records = []
    for page in pages(client, options, rows, window_url(options, rows, *stretch), enough=PAGES):
        found += page
        if len(found) >= most:
            break
    return found[:most]


def _empty_first(window: Stretch, fault: SourceFault) -> SourceFault:
    """Many an API refuses to be asked for years at once, which says nothing against the mapping."""
    return SourceFault(
        f"the window of {window[0]:%Y-%m-%d} holds no records, and asked for later ones {fault.what}",
        where=fault.where,
        mend=f"set window.first in the mapping to the first day that has records; or {fault.mend}",
    )
