"""A window of a JSON API: how it is asked for, which rows are its own, what its fingerprint covers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from features.schema import LANDED
from sources.connector import SourceFault
from tests.sources.http_api.shop_api import WINDOW, Make, event, ids
from tests.sources.mapped import EVENT_FIELDS, collect, fingerprint
from tests.sources.rough_server import Answer, RoughServer


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
