"""The sample that `tidegraph source check` takes of an API: a few pages of the first records that there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.connector import SourceFault
from sources.http_api.sampling import PAGES, stretches
from sources.mapped_files import Sample
from tests.sources.http_api.shop_api import KEY, WINDOW, Make, event
from tests.sources.mapped import EVENT_FIELDS, START, WEEK
from tests.sources.rough_server import Answer, Asked, RoughServer

AFTER = {"kind": "cursor", "param": "after", "next": "next"}


def pages_of_two(asked: Asked) -> Answer:
    at = int(asked.query.get("after", 0))
    return Answer({"r": [event(at), event(at + 1)], "next": str(at + 2)})


def from_day(first: str) -> Any:
    """An API whose only event is of the day `first`."""

    def reply(asked: Asked) -> Answer:
        return Answer(
            [event(1, at=f"{first}T10:00:00Z")] if asked.query["since"] <= first < asked.query["until"] else []
        )

    return reply


def ids(samples: list[Sample], column: str = "id") -> list[object]:
    return [cell for each in samples for cell in each.raw[column].to_pylist()]


def test_a_sample_stops_at_so_many_records_and_asks_for_no_further_page(server: RoughServer, make: Make) -> None:
    server.reply = pages_of_two
    connector = make({"records": "r", "paging": AFTER})
    assert ids(list(connector.sample(3))) == [0, 1, 2]
    assert len(server.asked) == 2
    assert server.asked[0].query == {"since": "2024-01-07T00:00:00Z", "until": "2024-01-14T00:00:00Z"}


def test_a_sample_asks_for_a_few_pages_however_many_rows_are_wanted(server: RoughServer, make: Make) -> None:
    server.reply = pages_of_two
    connector = make({"records": "r", "paging": AFTER}, max_pages=PAGES + 5)
    assert len(ids(list(connector.sample(10_000)))) == 2 * PAGES
    assert len(server.asked) == PAGES


def test_more_pages_than_the_mapping_allows_are_a_fault_in_a_sample_too(server: RoughServer, make: Make) -> None:
    server.reply = pages_of_two
    with pytest.raises(SourceFault, match="more than 2 pages"):
        list(make({"records": "r", "paging": AFTER}, max_pages=2).sample(10_000))


@pytest.mark.parametrize("first", ["2024-01-09", "2024-02-20", "2025-06-01", "2019-03-03"])
def test_the_first_records_are_found_wherever_they_lie_in_few_requests(
    server: RoughServer, make: Make, first: str
) -> None:
    server.reply = from_day(first)
    (sample,) = make().sample(10)
    assert sample.raw["at"].to_pylist() == [f"{first}T10:00:00Z"]
    assert len(server.asked) <= 8


def test_stretches_follow_one_another_up_to_now_and_end_with_what_is_older() -> None:
    now = START + timedelta(days=100)
    found = list(stretches(START, WEEK, START, now))
    assert found[0] == (START, START + WEEK)
    assert [start for start, _ in found[1:-1]] == [end for _, end in found[:-2]]
    assert found[-2][1] == now
    assert found[-1] == (datetime(1970, 1, 1, tzinfo=UTC), START)


def test_a_catalogue_is_asked_for_since_1970_first(server: RoughServer, make: Make) -> None:
    server.reply = lambda asked: Answer([{"sku": "tea"}] if asked.path == "/items" else [event(1)])
    items = {"from": {"path": "/items", "params": WINDOW}, "fields": {"item_id": "sku"}}
    events = {"from": {"path": "/events"}, "fields": EVENT_FIELDS}
    samples = list(make(tables={"events": events, "items": items}).sample(10))
    assert [(each.table, each.places.where, len(each.raw)) for each in samples] == [
        ("events", "/events", 1), ("items", "/items", 1),
    ]  # fmt: skip
    assert [asked.query for asked in server.asked] == [
        {},
        {"since": "1970-01-01T00:00:00Z", "until": "2024-01-14T00:00:00Z"},
    ]


def test_an_api_that_is_not_told_the_window_is_asked_once(server: RoughServer, make: Make) -> None:
    assert list(make({"params": {}}).sample(10)) == []
    assert len(server.asked) == 1


def test_records_that_no_window_will_hold_are_passed_over_and_the_others_keep_their_numbers(
    server: RoughServer, make: Make
) -> None:
    old, unread = event(1, at="2020-01-01T00:00:00Z"), event(3, at="soon")
    server.in_turn(Answer([old, event(2), unread]))
    (sample,) = make({"params": {}}).sample(10)
    assert sample.raw["id"].to_pylist() == [2, 3]
    assert sample.places.of(1) == "/events, record 3"


def test_records_that_are_all_older_than_the_calendar_are_shown_all_the_same(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([event(1, at="2020-01-01T00:00:00Z")]))
    assert ids(list(make({"params": {}}).sample(10))) == [1]


def test_a_sample_is_kept_nowhere_even_where_pages_could_be(server: RoughServer, make: Make, tmp_path: Path) -> None:
    server.in_turn(Answer([event(1)], headers={"ETag": '"v1"'}))
    connector = make()
    assert ids([*connector.sample(5), *connector.sample(5)]) == [1, 1]
    assert "if-none-match" not in server.asked[1].headers
    assert [path.name for path in tmp_path.iterdir()] == ["mapping.yaml"]


def test_a_refusal_of_longer_stretches_says_that_the_first_window_was_empty(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer([]), Answer(status=400))
    with pytest.raises(SourceFault, match="400") as caught:
        list(make().sample(5))
    assert "the window of 2024-01-07 holds no records" in caught.value.what
    assert "set window.first in the mapping" in caught.value.mend


def test_a_refused_key_is_told_as_it_is_in_a_collect(server: RoughServer, make: Make) -> None:
    server.in_turn(Answer(status=401))
    with pytest.raises(SourceFault, match="the key was refused") as caught:
        list(make().sample(5))
    assert KEY not in str(caught.value) + caught.value.mend
