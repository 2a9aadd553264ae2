"""From page to page of a JSON API: cursor, page number or Link header, to the last one and never in circles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from sources.connector import SourceFault
from sources.http_api.client import HttpClient, Page
from sources.http_api.options import HttpOptions, HttpRows

Records = list[dict[str, Any]]


def window_url(options: HttpOptions, rows: HttpRows, start: datetime, end: datetime) -> httpx.URL:
    """The first page's address, with the window's edges filled in."""
    edges = {"{start}": _spelt(start, rows.time_format), "{end}": _spelt(end, rows.time_format)}
    params = {name: _filled(value, edges) for name, value in rows.params.items()}
    if rows.paging.kind == "page" and rows.paging.param:
        params[rows.paging.param] = str(rows.paging.first)
    base = httpx.URL(options.base_url)
    path = "/".join([base.path.rstrip("/"), rows.path.lstrip("/")])
    return base.copy_with(path=path).copy_merge_params(params)


def pages(
    client: HttpClient, options: HttpOptions, rows: HttpRows, url: httpx.URL, *, enough: int | None = None
) -> Iterator[Records]:
    """The records of one page after another, of `enough` pages where that is given.

    Raises SourceFault for a page that came before, or for more than `max_pages`.
    """
    most = min(enough or options.max_pages, options.max_pages)
    first, asked, seen = url, {str(url)}, set()
    for number in range(1, most + 1):
        page = client.page(url, number)
        records = _records(page.content, rows.records, f"page {number}: {url}")
        if records:
            mark = hashlib.sha256(json.dumps(records, sort_keys=True).encode()).digest()
            _refuse_circle(mark in seen, "brings the same records as one before", number, url)
            seen.add(mark)
            yield records
        following = _next(page, rows, url, number, empty=not records)
        if following is None:
            return
        _refuse_stranger(first, following, number)
        _refuse_circle(str(following) in asked, "leads back to one before", number, url)
        asked.add(str(following))
        url = following
    if most < options.max_pages:
        return
    raise SourceFault(
        f"more than {options.max_pages} pages", where=str(first), mend="raise options.max_pages, or shorten the window"
    )


def _next(page: Page, rows: HttpRows, url: httpx.URL, number: int, *, empty: bool) -> httpx.URL | None:
    paging = rows.paging
    if paging.kind == "page" and paging.param:
        return None if empty else url.copy_set_param(paging.param, str(paging.first + number))
    if paging.kind == "cursor" and paging.param:
        cursor = _at(page.content, paging.next or "")
        return None if cursor in (None, "", False) else url.copy_set_param(paging.param, _text(cursor))
    if paging.kind == "link":
        link = page.link or (_at(page.content, paging.next) if paging.next else None)
        return url.join(str(link)) if link else None
    return None


def _records(content: Any, path: str, where: str) -> Records:
    found = _at(content, path)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise SourceFault(
            f"no list of JSON objects at {path or 'the top'} of the answer{_offer(content)}",
            where=where,
            mend="name the place of the records in `records`, for example data.items",
        )
    return found


def _offer(content: Any) -> str:
    return f"; its keys are {', '.join(map(str, content))[:200]}" if isinstance(content, dict) else ""


def _at(content: Any, path: str) -> Any:
    for part in path.split(".") if path else ():
        content = content.get(part) if isinstance(content, dict) else None
    return content


def _refuse_circle(found: bool, what: str, number: int, url: httpx.URL) -> None:
    if found:
        raise SourceFault(
            f"the pages go in a circle: page {number} {what}",
            where=f"page {number}: {url}",
            mend="check `paging` of the mapping: the server may not know that parameter",
        )


def _refuse_stranger(first: httpx.URL, following: httpx.URL, number: int) -> None:
    """The key that we send is for the host that the mapping names, and for no other."""
    if (first.scheme, first.netloc) != (following.scheme, following.netloc):
        raise SourceFault(
            f"page {number} leads to another host, {following.host}, which must not see the key",
            where=str(first),
            mend="name the host that serves the pages in options.base_url",
        )


def _filled(value: str | int | float | bool, edges: dict[str, str]) -> str:
    text = _text(value)
    for mark, edge in edges.items():
        text = text.replace(mark, edge)
    return text


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float | dict | list) else str(value)


def _spelt(instant: datetime, time_format: str) -> str:
    instant = instant.astimezone(UTC)
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86_400 + since.seconds
    spellings = {"s": str(seconds), "ms": str(seconds * 1000), "date": f"{instant:%Y-%m-%d}"}
    return spellings.get(time_format, f"{instant:%Y-%m-%dT%H:%M:%SZ}")
