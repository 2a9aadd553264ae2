"""A paged JSON API: pages of three kinds, patience, keys, conditions, against a real server that misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.schema import LANDED
from sources.connector import SourceFault
from sources.http_api.connector import HttpApi
from tests.sources.mapped import EVENT_FIELDS, as_bytes, collect, fingerprint, open_mapped
from tests.sources.rough_server import Answer, Asked, RoughServer, running

KEY = "t0k3n-of-the-shop"
WINDOW = {"since": "{start}", "until": "{end}"}
Make = Callable[..., HttpApi]


@pytest.fixture
def server() -> Iterator[RoughServer]:
    with running() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def make(tmp_path: Path, server: RoughServer, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("SHOP_TOKEN", KEY)

    def opened(rows: dict[str, Any] | None = None, tables: dict[str, Any] | None = None, **options: Any) -> HttpApi:
        events = {"from": {"path": "/events", "params": WINDOW, **(rows or {})}, "fields": EVENT_FIELDS}
        content = {"base_url": server.url, "bearer_env": "SHOP_TOKEN", **options}
        connector = open_mapped(tmp_path, connector="http_api", options=content, tables=tables or {"events": events})
        assert isinstance(connector, HttpApi)
        connector._sleep = waits.append
        return connector

    return opened


def event(number: int, **more: Any) -> dict[str, Any]:
    row = {"id": number, "visitor": "ann", "item": "tea", "action": "view", "at": f"2024-01-08T09:00:{number:02}Z"}
    return row | {"quantity": 1} | more


def ids(connector: HttpApi, week: int = 0) -> list[str]:
    return list(collect(connector, week).events["event_id"])


def fault(connector: HttpApi) -> SourceFault:
    with pytest.raises(SourceFault) as caught:
        collect(connector)
    assert KEY not in str(caught.value) + caught.value.mend
    return caught.value


def test_a_window_is_asked_for_by_its_edges_and_its_records_become_rows(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer({"data": {"items": [event(2), event(1)]}}))
    tables = collect(make({"records": "data.items", "params": {**WINDOW, "limit": 50}}))
    assert server.asked[0].path == "/events"
    assert server.asked[0].query == {"since": "2024-01-07T00:00:00Z", "until": "2024-01-14T00:00:00Z", "limit": "50"}
    assert list(tables.events["event_id"]) == ["1", "2"]
    assert {name: str(dtype) for name, dtype in tables.events.dtypes.items()} == LANDED["events"]


@pytest.mark.parametrize(
    ("time_format", "since"),
    [("iso", "2024-01-07T00:00:00Z"), ("date", "2024-01-07"), ("s", "1704585600"), ("ms", "1704585600000")],
)
def test_edges_are_spelt_as_the_api_wants_them(server: RoughServer, make: Make, time_format: str, since: str) -> None:
    collect(make({"time_format": time_format}))
    assert server.asked[0].query["since"] == since


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


def test_a_link_to_another_host_is_not_followed_and_never_sees_the_key(server: RoughServer, make: Make) -> None:
    with running() as stranger:
        server.in_turn(Answer([event(1)], headers={"Link": f'<{stranger.url}/events>; rel="next"'}))
        assert "another host" in fault(make({"paging": {"kind": "link"}})).what
        assert stranger.asked == []


def test_a_redirect_is_a_fault_and_the_key_is_not_sent_on(server: RoughServer, make: Make) -> None:
    with running() as stranger:
        server.in_turn(Answer(status=302, headers={"Location": stranger.url}))
        assert "302" in fault(make()).what
        assert stranger.asked == []


def test_the_key_comes_from_the_environment_and_goes_into_its_header(
    server: RoughServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(make())
    assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    collect(make(bearer_env=None, key={"header": "X-Api-Key", "value_env": "SHOP_TOKEN"}))
    assert server.asked[-1].headers["x-api-key"] == KEY
    monkeypatch.delenv("SHOP_TOKEN")
    assert "SHOP_TOKEN" in fault(make()).what


HTTP_DATE = {"Retry-After": "Mon, 08 Jan 2024 09:00:30 GMT", "Date": "Mon, 08 Jan 2024 09:00:10 GMT"}
PATIENCE: dict[str, tuple[Answer, float | None]] = {
    "429 with seconds": (Answer(status=429, headers={"Retry-After": "7"}), 7),
    "503 with a date": (Answer(status=503, headers=HTTP_DATE), 20),
    "429 without a word": (Answer(status=429), None),
    "500": (Answer(b"<h1>Oops</h1>", status=500, headers={"Content-Type": "text/html"}), None),
    "a nonsensical Retry-After": (Answer(status=429, headers={"Retry-After": "soon"}), None),
    "a connection dropped half-way": (Answer([event(1)], cut=20), None),
}


@pytest.mark.parametrize(("bad", "wait"), PATIENCE.values(), ids=PATIENCE)
def test_a_server_that_stumbles_is_asked_again_after_the_time_it_wants(
    server: RoughServer, make: Make, waits: list[float], bad: Answer, wait: float | None
) -> None:
    server.in_turn(bad, bad, Answer([event(1)]))
    assert ids(make()) == ["1"]
    assert waits == [wait, wait] if wait is not None else 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0


def test_a_server_that_never_recovers_is_a_fault_after_so_many_tries(
    server: RoughServer, make: Make, waits: list[float]
) -> None:
    server.in_turn(Answer(status=502))
    assert "502" in fault(make(tries=3)).what
    assert (len(server.asked), len(waits)) == (3, 2)


def test_patience_has_an_end(server: RoughServer, make: Make, waits: list[float]) -> None:
    server.in_turn(Answer(status=429, headers={"Retry-After": "3600"}))
    assert "3600" in fault(make()).what
    assert waits == []


def test_a_server_too_slow_to_answer_is_asked_again(server: RoughServer, make: Make) -> None:
    free = threading.Event()
    server.in_turn(Answer([event(2)], until=free), Answer([event(1)]))
    try:
        assert ids(make(timeout_seconds=0.2)) == ["1"]
    finally:
        free.set()


@pytest.mark.parametrize("validator", [{"ETag": '"v1"'}, {"Last-Modified": "Mon, 08 Jan 2024 09:00:00 GMT"}])
def test_an_unchanged_page_is_not_sent_again(server: RoughServer, make: Make, validator: dict[str, str]) -> None:
    server.in_turn(Answer([event(1)], headers=validator), Answer(status=304))
    first = as_bytes(collect(make()))
    assert as_bytes(collect(make())) == first
    condition = "if-none-match" if "ETag" in validator else "if-modified-since"
    assert server.asked[1].headers[condition] == next(iter(validator.values()))


def test_an_unchanged_page_still_leads_to_the_next_one(server: RoughServer, make: Make) -> None:
    link = {"ETag": '"v1"', "Link": '</events?at=2>; rel="next"'}
    server.in_turn(Answer([event(1)], headers=link), Answer([event(2)]), Answer(status=304), Answer([event(3)]))
    rows = {"paging": {"kind": "link"}}
    assert (ids(make(rows)), ids(make(rows))) == (["1", "2"], ["1", "3"])


def test_a_damaged_cache_is_asked_for_again(tmp_path: Path, server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1)], headers={"ETag": '"v1"'}))
    collect(make())
    for path in (tmp_path / "state").rglob("*.json"):
        path.write_text(path.read_text()[:-9])
    assert ids(make()) == ["1"]
    assert "if-none-match" not in server.asked[1].headers


def test_another_key_does_not_see_what_the_first_one_read(
    server: RoughServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.in_turn(Answer([event(1)], headers={"ETag": '"v1"'}), Answer([event(2)]))
    collect(make())
    monkeypatch.setenv("SHOP_TOKEN", "another")
    assert ids(make()) == ["2"]
    assert "if-none-match" not in server.asked[1].headers


BROKEN: dict[str, tuple[Answer, str]] = {
    "HTML for JSON": (Answer(b"<html>Welcome</html>", headers={"Content-Type": "text/html"}), "text/html"),
    "JSON cut off": (Answer(b'[{"id": 1'), "no JSON"),
    "no UTF-8": (Answer(b'["\xff"]'), "no JSON"),
    "nested without end": (Answer(b"[" * 200_000), "no JSON"),
    "an empty answer": (Answer(b""), "no JSON"),
    "no list": (Answer({"error": "no such table"}), "keys are error"),
    "a list of numbers": (Answer([1, 2]), "no list of JSON objects"),
    "a refused key": (Answer(status=401), "key was refused"),
    "not found": (Answer(status=404), "404"),
    "not modified out of the blue": (Answer(status=304), "not modified"),
    "no gzip": (Answer(b"plain", headers={"Content-Encoding": "gzip"}), "decoded"),
}


@pytest.mark.parametrize(("answer", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_one_fault_that_names_the_page(
    server: RoughServer, make: Make, answer: Answer, what: str
) -> None:
    server.in_turn(answer)
    broken = fault(make())
    assert what in broken.what
    assert broken.where.startswith(f"page 1: {server.url}/events?since=")
    assert len(server.asked) == 1


def test_a_page_larger_than_allowed_is_a_fault(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1, note="x" * 2**20)]))
    assert "larger than 1 MiB" in fault(make(max_page_mib=1)).what


def test_odd_records_become_rows_with_faults_and_none_is_lost(server: RoughServer, make: Make) -> None:
    odd = [
        event(1, quantity="two"), event(2, at="soon"), event(3, visitor=None), event(4, visitor="\ud800"),
        event(5, quantity=float("nan")), event(6, quantity=10**30), event(7, cart={"size": [1, 2]}), {},
    ]  # fmt: skip
    server.in_turn(Answer(odd))
    tables = collect(make())
    events = tables.events.set_index("event_id")
    assert len(events) == len(odd)
    assert "'two'" in events["fault"]["1"]
    assert "'soon'" in events["fault"]["2"]
    assert pd.isna(events["quantity"]["5"])
    assert json.loads(events["extras"]["7"]) == {"cart.size": [1, 2]}
    assert "cart.size" in tables.notes[0]


def test_rows_are_cut_at_the_edges_where_the_mapping_knows_when_they_arrived(server: RoughServer, make: Make) -> None:
    edges = ["2024-01-06T23:59:59Z", "2024-01-07T00:00:00Z", "2024-01-13T23:59:59Z", "2024-01-14T00:00:00Z"]
    server.in_turn(Answer([event(number, got=got) for number, got in enumerate(edges)]))
    fields = {**EVENT_FIELDS, "arrived_at": "got"}
    connector = make(tables={"events": {"from": {"path": "/events", "params": WINDOW}, "fields": fields}})
    assert ids(connector) == ["1", "2"]


def test_without_edges_in_the_query_events_are_cut_by_when_they_happened(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1), event(2, at="2024-01-15T00:00:00Z")]))
    connector = make({"params": {}})
    assert (ids(connector), ids(connector, week=1)) == (["1"], ["2"])


def test_a_catalogue_is_asked_for_from_its_beginning_with_the_first_window(server: RoughServer, make: Make) -> None:
    server.reply = lambda asked: Answer([{"sku": "tea"}])
    items = {"from": {"path": "/items", "params": WINDOW}, "fields": {"item_id": "sku"}}
    once = {"from": {"path": "/items"}, "fields": {"item_id": "sku"}}
    connector = make(tables={"items": items})
    assert [len(collect(connector, week).items) for week in (0, 1)] == [1, 1]
    assert [asked.query["since"][:10] for asked in server.asked] == ["1970-01-01", "2024-01-14"]
    assert [len(collect(make(tables={"items": once}), week).items) for week in (0, 1)] == [1, 0]


def test_a_fingerprint_changes_with_the_records_and_with_nothing_else(server: RoughServer, make: Make) -> None:
    server.in_turn(
        Answer({"r": [event(1)], "made": 1}), Answer({"r": [event(1)], "made": 2}), Answer({"r": [event(2)], "made": 3})
    )
    first, second, third = (fingerprint(make({"records": "r"})) for _ in range(3))
    assert first == second != third


def test_what_a_fingerprint_covers_is_what_the_collect_after_it_lands(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1)]), Answer([event(2)]), Answer([event(3)]))
    connector = make()
    fingerprint(connector)
    assert ids(connector) == ["1"]
    assert ids(connector) == ["2"]
    fingerprint(connector)
    assert ids(connector, week=1) == ["3"]


def test_times_are_those_of_the_server_in_utc(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1, at="2024-01-08T10:00:00+01:00")]))
    assert collect(make()).events["occurred_at"][0] == pd.Timestamp(datetime(2024, 1, 8, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    "options",
    [{"base_url": "ftp://shop"}, {"base_url": "https://ann:pw@shop"}, {"tries": 0}, {"colour": "red"}],
)
def test_a_wrong_option_is_named(make: Make, options: dict[str, Any]) -> None:
    with pytest.raises(SourceFault, match=next(iter(options))):
        make(**options)
