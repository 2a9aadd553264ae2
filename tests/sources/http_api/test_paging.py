"""Pages of a JSON API: each kind brings every record once, and no server leads in a circle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sources.http_api.shop_api import Make, event, fault, ids
from tests.sources.rough_server import Answer, Asked, RoughServer


def by_cursor(asked: Asked) -> Answer:
    at = int(asked.query.get("after", 0))
    return Answer({"records": [event(at), event(at + 1)], "meta": {"next": str(at + 2) if at < 4 else None}})


def by_page(asked: Asked) -> Answer:
    page = int(asked.query["page"])
    return Answer({"records": [event(2 * page), event(2 * page + 1)] if page < 3 else []})


def by_link(asked: Asked) -> Answer:
    at = int(asked.query.get("at", 0))
    link = {"Link": f'</events?at={at + 2}>; rel="next", </events?at=0>; rel="first"'} if at < 4 else {}
    return Answer({"records": [event(at), event(at + 1)]}, headers=link)


def by_body_link(asked: Asked) -> Answer:
    at = int(asked.query.get("at", 0))
    link = f"http://{asked.headers['host']}/events?at={at + 2}" if at < 4 else None
    return Answer({"records": [event(at), event(at + 1)], "links": {"next": link}})


PAGING: dict[str, tuple[Callable[[Asked], Answer], dict[str, Any]]] = {
    "cursor": (by_cursor, {"kind": "cursor", "param": "after", "next": "meta.next"}),
    "page": (by_page, {"kind": "page", "param": "page", "first": 0}),
    "Link header": (by_link, {"kind": "link"}),
    "link in the body": (by_body_link, {"kind": "link", "next": "links.next"}),
}


@pytest.mark.parametrize(("reply", "paging"), PAGING.values(), ids=PAGING)
def test_every_kind_of_paging_brings_each_record_once(
    server: RoughServer, make: Make, reply: Callable[[Asked], Answer], paging: dict[str, Any]
) -> None:
    server.reply = reply
    assert ids(make({"records": "records", "paging": paging})) == ["0", "1", "2", "3", "4", "5"]


def to_and_fro(asked: Asked) -> Answer:
    after = asked.query.get("after", "")
    return Answer({"r": [event(len(after))], "next": "b" if after == "aa" else "aa"})


def to_itself(_: Asked) -> Answer:
    return Answer({"r": [event(1)]}, headers={"Link": '<?since=x>; rel="next"'})


def ever_new(asked: Asked) -> Answer:
    return Answer({"r": [event(1)], "next": asked.query.get("after", "") + "a"})


def ever_empty(_: Asked) -> Answer:
    return Answer({"r": [], "next": "a"})


AFTER = {"kind": "cursor", "param": "after", "next": "next"}
LOOPS: dict[str, tuple[Callable[[Asked], Answer], dict[str, Any]]] = {
    "a cursor that comes back": (to_and_fro, AFTER),
    "a page parameter that the server ignores": (ever_new, {"kind": "page", "param": "page"}),
    "a link to itself": (to_itself, {"kind": "link"}),
    "new cursors to old records": (ever_new, AFTER),
    "empty pages without end": (ever_empty, AFTER),
}


@pytest.mark.parametrize(("reply", "paging"), LOOPS.values(), ids=LOOPS)
def test_pages_that_go_in_a_circle_are_a_fault(
    server: RoughServer, make: Make, reply: Callable[[Asked], Answer], paging: dict[str, Any]
) -> None:
    server.reply = reply
    assert "circle" in fault(make({"records": "r", "paging": paging})).what
    assert len(server.asked) < 5


def test_more_pages_than_allowed_are_a_fault(server: RoughServer, make: Make) -> None:
    server.reply = by_page
    connector = make({"records": "records", "paging": PAGING["page"][1]}, max_pages=2)
    assert "more than 2 pages" in fault(connector).what
