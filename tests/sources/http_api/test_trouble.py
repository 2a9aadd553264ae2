"""A JSON API in trouble: patience with what passes, one fault for what does not, no record lost."""

from __future__ import annotations

import json
import threading

import pandas as pd
import pytest

from tests.sources.http_api.shop_api import Make, event, fault, ids
from tests.sources.mapped import collect
from tests.sources.rough_server import Answer, RoughServer

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
