"""Messages in the spool: each in one window, and none in a window already collected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from sources.spool import Message, Spool
from sources.stream.connector import StreamSource
from tests.sources.mapped import START, WEEK, as_bytes, fingerprint, open_mapped
from tests.sources.stream.consuming import DAY, event, source, window

FILLED = [Message("events", str(number), event(number)) for number in range(6)]


@pytest.fixture
def filled(tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> StreamSource:
    """A source whose window 0 got four messages and window 1 two; no broker is asked."""
    monkeypatch.setenv("SHOP_BROKER", "redis://:s3cr3t@127.0.0.1:9/0")
    connector = source(tmp_path)
    spool.put(FILLED[:2], START)
    spool.put(FILLED[2:4], START + WEEK - timedelta(microseconds=1))
    spool.put(FILLED[4:], START + WEEK)
    return connector


def test_a_message_belongs_to_the_window_in_which_it_was_received(filled: StreamSource) -> None:
    assert list(window(filled, 0).events["event_id"]) == ["e0000", "e0001", "e0002", "e0003"]
    assert list(window(filled, 1).events["event_id"]) == ["e0004", "e0005"]


def test_a_message_delivered_again_in_a_later_window_stays_in_its_first(filled: StreamSource, spool: Spool) -> None:
    before = as_bytes(window(filled, 0)), as_bytes(window(filled, 1)), fingerprint(filled), fingerprint(filled, 1)
    assert spool.put(FILLED, START + WEEK + DAY) == 0
    after = as_bytes(window(filled, 0)), as_bytes(window(filled, 1)), fingerprint(filled), fingerprint(filled, 1)
    assert after == before


@pytest.mark.parametrize("ask", [window, fingerprint])
def test_a_window_once_asked_for_after_its_end_gets_no_more_messages(
    filled: StreamSource, spool: Spool, ask: Callable[[StreamSource, int], object]
) -> None:
    before = as_bytes(window(filled, 1))
    ask(filled, 0)
    spool.put([Message("events", "late", event(9))], START + DAY)
    assert "e0009" not in list(window(filled, 0).events["event_id"])
    everything = pd.concat([window(filled, week).events for week in (0, 1, 2)])
    assert sorted(everything["event_id"]) == ["e0000", "e0001", "e0002", "e0003", "e0004", "e0005", "e0009"]
    assert before != as_bytes(window(filled, 2))


def test_a_window_still_open_takes_more_and_its_fingerprint_tells(
    tmp_path: Path, filled: StreamSource, spool: Spool
) -> None:
    now = datetime.now(UTC)
    start, end = now - DAY, now + DAY
    before = filled.fingerprint(start, end, "now")
    spool.put([Message("events", "new", event(9))], now)
    assert filled.fingerprint(start, end, "now") != before
    assert list(filled.collect(start, end, "now").events["event_id"]) == ["e0009"]


def test_the_order_of_receipt_does_not_show(tmp_path: Path, filled: StreamSource, spool: Spool) -> None:
    before = as_bytes(window(filled, 0))
    spool.path.unlink()
    spool.put(reversed(FILLED[:4]), START + DAY)
    assert as_bytes(window(filled, 0)) == before


def test_users_and_items_may_come_by_message_too(tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_BROKER", "redis://127.0.0.1:9/0")
    tables = {"items": {"from": {"topic": "items"}, "fields": {"item_id": "sku", "price": "price.amount"}}}
    options = {"broker": "redis", "url_env": "SHOP_BROKER"}
    connector = open_mapped(tmp_path, connector="stream", options=options, tables=tables)
    spool.put([Message("items", "1", b'{"sku": "tea", "price": {"amount": 2.5}}'), Message("items", "2", b"?")], START)
    items = connector.collect(START, START + WEEK, "w").items
    assert items["price"].dropna().tolist() == [2.5]
    assert items["valid_from"].eq(pd.Timestamp(START)).all()
    assert items["fault"].notna().sum() == 1
