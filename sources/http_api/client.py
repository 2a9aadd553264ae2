"""One patient request after another: waits as told, tries again, keeps what has not changed, never tells a key."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import tenacity

from sources.connector import SourceFault
from sources.http_api.options import HttpOptions

AGAIN = {408, 425, 429, 500, 502, 503, 504}
CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


@dataclass(frozen=True)
class Page:
    """An answer: its JSON, and its Link header's next URL where it has one."""

    content: Any
    link: str | None


class Unavailable(Exception):
    """The server may answer if it is asked again, after `wait` seconds where it says so."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


class HttpClient:
    """Asks for JSON pages; `sleep` waits between tries. Pages are kept below `cache`, if there is one."""

    def __init__(
        self, options: HttpOptions, cache: Path | None, *, where: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._options, self._cache, self._sleep = options, cache, sleep
        self._headers = options.headers(where)
        self._client = httpx.Client(timeout=options.timeout_seconds, follow_redirects=False)

    def page(self, url: httpx.URL, number: int) -> Page:
        """The page at `url`. Raises SourceFault naming it when it cannot be had, or is no JSON."""
        where = f"page {number}: {url}"
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unavailable),
            stop=tenacity.stop_after_attempt(self._options.tries),
            wait=self._patience,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._ask, url, where)
        except Unavailable as error:
            raise SourceFault(
                f"{error}, {self._options.tries} times",
                where=where,
                mend="run the same command again later; what was read is kept",
            ) from error

    def close(self) -> None:
        self._client.close()

    def _patience(self, state: tenacity.RetryCallState) -> float:
        asked = getattr(state.outcome and state.outcome.exception(), "wait", None)
        backing_off = min(2.0 ** (state.attempt_number - 1), self._options.max_wait_seconds)
        return backing_off * random.uniform(0.5, 1.0) if asked is None else asked

    def _ask(self, url: httpx.URL, where: str) -> Page:
        kept = self._kept(url)
        conditions = {CONDITIONS[name]: value for name, value in (kept or {}).get("validators", {}).items()}
        try:
            with self._client.stream("GET", url, headers=self._headers | conditions) as response:
                body = self._body(response, where)
        except httpx.TransportError as error:
            raise Unavailable(f"no whole answer: {type(error).__name__}") from error
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            raise SourceFault(
                f"the answer cannot be decoded: {error}", where=where, mend="ask the API's owner"
            ) from None
        self._refuse(response, where)
        if response.status_code == 304:
            if kept is None:
                raise SourceFault("not modified, but never read before", where=where, mend="ask the API's owner")
            return Page(json.loads(kept["body"], parse_constant=str), kept["link"])
        page = Page(_parsed(response, body, where), response.links.get("next", {}).get("url"))
        self._keep(url, response, body, page)
        return page

    def _body(self, response: httpx.Response, where: str) -> bytes:
        body, limit = bytearray(), self._options.max_page_mib * 2**20
        for part in response.iter_bytes():
            body += part
            if len(body) > limit:
                raise SourceFault(
                    f"the answer is larger than {self._options.max_page_mib} MiB",
                    where=where,
                    mend="ask for smaller pages in `params`, or raise options.max_page_mib",
                )
        return bytes(body)

    def _refuse(self, response: httpx.Response, where: str) -> None:
        """Raises Unavailable or SourceFault for a status that brings nothing."""
        status, told = response.status_code, f"the server answered {response.status_code} {response.reason_phrase}"
        if status in AGAIN:
            wait = _asked_wait(response)
            if wait is not None and wait > self._options.max_wait_seconds:
                raise SourceFault(
                    f"{told} and asks to wait {wait:.0f} s", where=where, mend="run the same command again after that"
                )
            raise Unavailable(told, wait)
        if status in (401, 403):
            raise SourceFault(f"{told}: the key was refused", where=where, mend="check the key in the environment")
        if status not in (200, 304):
            raise SourceFault(told, where=where, mend="check base_url, path and params of the mapping")

    def _path(self, url: httpx.URL) -> Path | None:
        if self._cache is None:
            return None
        # Another key may see other records: its pages are others.
        who = json.dumps(self._headers, sort_keys=True)
        return self._cache / f"{hashlib.sha256(f'{url} {who}'.encode()).hexdigest()}.json"

    def _kept(self, url: httpx.URL) -> dict[str, Any] | None:
        path = self._path(url)
        if path is None:
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            json.loads(kept["body"])
            return kept
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a cache: what it does not hold is asked for again

    def _keep(self, url: httpx.URL, response: httpx.Response, body: bytes, page: Page) -> None:
        validators = {name: response.headers[name] for name in CONDITIONS if name in response.headers}
        path = self._path(url)
        if not validators or path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{random.getrandbits(64):x}")
        content = {"validators": validators, "body": body.decode(), "link": page.link}
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(path)


def _parsed(response: httpx.Response, body: bytes, where: str) -> Any:
    kind = response.headers.get("content-type", "none")
    try:
        # NaN and Infinity are no JSON; as text they become the fault of their row.
        return json.loads(body.decode("utf-8-sig"), parse_constant=str)
    except (ValueError, RecursionError) as error:
        shown = body[:80].decode("utf-8", "replace")
        raise SourceFault(
            f"the answer is no JSON ({error}); its type is {kind}, it begins {shown!r}",
            where=where,
            mend="check that base_url and path lead to the API and not to a page for people",
        ) from None


def _asked_wait(response: httpx.Response) -> float | None:
    """Seconds that Retry-After asks for, as a number or as a date by the server's own clock."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    until = _date(asked)
    if until is None:
        return None
    now = _date(response.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
