"""Messages of real brokers: each event once and in one window, whatever is killed, doubled or broken."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import redis

from features.schema import LANDED
from pipelines.settings import ROOT
from sources.connector import Place, SourceFault, Tables
from sources.mapping.spec import read_mapping
from sources.spool import Message, Spool
from sources.stream.brokers import make_broker
from sources.stream.connector import StreamSource
from sources.stream.listener import listen
from sources.stream.options import stream_options
from tests.sources import brokers
from tests.sources.brokers import Broker
from tests.sources.mapped import EVENT_FIELDS, START, WEEK, as_bytes, fingerprint, open_mapped

DAY = timedelta(days=1)
T0 = datetime(2024, 1, 8, 9, tzinfo=UTC)


@pytest.fixture(params=["redis", "rabbit"])
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    with getattr(brokers, request.param)() as broker:
        monkeypatch.setenv("SHOP_BROKER", broker.url)
        yield broker


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "state" / "stream" / "shop.db")


def event(number: int, **more: Any) -> bytes:
    row = {"id": f"e{number:04}", "visitor": "ann", "item": "tea", "action": "view", "at": "2024-01-08T09:00:00Z"}
    return json.dumps(row | {"quantity": 1} | more).encode()


def source(folder: Path, kind: str = "redis", topic: str = "events", **options: Any) -> StreamSource:
    content = {"broker": kind, "url_env": "SHOP_BROKER", "redeliver_after_seconds": 0.1, **options}
    tables = {"events": {"from": {"topic": topic}, "fields": EVENT_FIELDS}}
    connector = open_mapped(folder, connector="stream", options=content, tables=tables)
    assert isinstance(connector, StreamSource)
    return connector


def place(folder: Path) -> Place:
    return Place(folder / "drop", folder / "state", START, WEEK)


def receive(folder: Path, enough: int) -> int:
    """Listen until `enough` messages have been acknowledged; gives how many of them were new."""
    mapping = read_mapping(folder / "mapping.yaml")
    return listen(mapping, place(folder), say=lambda _: None, idle=20, enough=enough)


def child(folder: Path, death: str = "never", idle: float = 30) -> subprocess.Popen[str]:
    script = [sys.executable, str(Path(__file__).with_name("listening.py")), str(folder / "mapping.yaml")]
    command = [*script, str(folder / "state"), death, str(idle)]
    return subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def today(connector: StreamSource) -> Tables:
    now = datetime.now(UTC)
    return connector.collect(now - DAY, now + DAY, "today")


def ids(connector: StreamSource) -> list[str]:
    return sorted(today(connector).events["event_id"])


def test_what_was_published_before_and_after_the_consumer_began_lands_and_is_acknowledged(
    tmp_path: Path, broker: Broker
) -> None:
    connector = source(tmp_path, broker.kind, broker.topic)
    broker.publish([event(1), event(2)])
    assert receive(tmp_path, 2) == 2
    broker.publish([event(3)])
    assert receive(tmp_path, 1) == 1
    assert ids(connector) == ["e0001", "e0002", "e0003"]
    assert broker.unacknowledged() == 0
    events = today(connector).events
    assert {name: str(dtype) for name, dtype in events.dtypes.items()} == LANDED["events"]
    assert events["occurred_at"][0] == pd.Timestamp(T0)
    assert events["fault"].isna().all()


@pytest.mark.parametrize(
    ("broker", "death"),
    [
        ("redis", "before the write"),
        ("redis", "within the write"),
        ("redis", "before the acknowledgement"),
        ("rabbit", "before the acknowledgement"),
    ],
    indirect=["broker"],
)
def test_a_consumer_killed_at_any_point_loses_and_doubles_nothing(tmp_path: Path, broker: Broker, death: str) -> None:
    connector = source(tmp_path, broker.kind, broker.topic)
    broker.publish([event(number) for number in range(20)])
    killed = child(tmp_path, death)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    receive(tmp_path, 20)
    assert ids(connector) == [f"e{number:04}" for number in range(20)]
    assert broker.unacknowledged() == 0


def test_two_consumers_share_a_group_and_each_event_counts_once(tmp_path: Path, broker: Broker) -> None:
    connector = source(tmp_path, broker.kind, broker.topic, batch_messages=10)
    broker.publish([event(number) for number in range(300)])
    both = [child(tmp_path, idle=1) for _ in range(2)]
    kept = [int(one.communicate(timeout=60)[0]) for one in both]
    assert sum(kept) == 300
    assert ids(connector) == [f"e{number:04}" for number in range(300)]


def test_a_message_that_is_broken_becomes_a_row_with_its_text_and_blocks_nothing(
    tmp_path: Path, broker: Broker
) -> None:
    connector = source(tmp_path, broker.kind, broker.topic)
    odd = [b"not json", b"\xff\xfe\x00", b"[1, 2]", b'{"id": "x"', b"", b"[" * 200_000]
    broker.publish([event(1), *odd, event(2, visitor=None), event(3, at="soon"), event(4)])
    assert receive(tmp_path, len(odd) + 4) == len(odd) + 4
    events = today(connector).events
    assert len(events) == len(odd) + 4
    assert sorted(events.loc[events["fault"].isna(), "event_id"]) == ["e0001", "e0004"]
    told = {json.loads(row.extras)["raw"]: row.fault for row in events[events["fault"].notna()].itertuples()}
    assert told["not json"] == "message: 'not json' is no JSON object"
    assert "user_id: is missing" in told[event(2, visitor=None).decode()]
    assert "'soon'" in told[event(3, at="soon").decode()]
    assert events["event_id"].is_unique
    assert broker.unacknowledged() == 0


def test_a_spool_that_cannot_be_written_stops_the_consumer_and_acknowledges_nothing(
    tmp_path: Path, broker: Broker, spool: Spool
) -> None:
    source(tmp_path, broker.kind, broker.topic)
    broker.publish([event(1)])
    spool.path.parent.mkdir(parents=True)
    spool.path.write_bytes(b"this is no database, however long it may be " * 100)
    with pytest.raises(SourceFault, match="cannot be kept"):
        receive(tmp_path, 1)
    spool.path.unlink()
    assert receive(tmp_path, 1) == 1


def test_an_entry_of_several_redis_fields_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with brokers.redis() as broker, redis.Redis.from_url(broker.url) as client:
        monkeypatch.setenv("SHOP_BROKER", broker.url)
        connector = source(tmp_path, "redis", broker.topic)
        client.xadd(broker.topic, {key: str(value) for key, value in json.loads(event(7)).items()})
        client.xadd(broker.topic, {b"\xff": b"\xff", "id": "e0008"})
        receive(tmp_path, 2)
        assert ids(connector) == ["e0007", "e0008"]


def test_what_faststream_publishes_is_read_without_its_envelope(tmp_path: Path, broker: Broker) -> None:
    connector = source(tmp_path, broker.kind, broker.topic)

    async def publish() -> None:
        async with make_broker(stream_options(read_mapping(tmp_path / "mapping.yaml"))) as publisher:
            where = {"stream": broker.topic} if broker.kind == "redis" else {"queue": broker.topic}
            await publisher.publish(json.loads(event(5)), **where)

    asyncio.run(publish())
    receive(tmp_path, 1)
    assert ids(connector) == ["e0005"]


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


def window(connector: StreamSource, week: int) -> Tables:
    start = START + week * WEEK
    return connector.collect(start, start + WEEK, f"{start:%Y-%m-%d}")


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


def test_a_spool_that_was_never_filled_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_BROKER", "redis://127.0.0.1:9/0")
    with pytest.raises(SourceFault, match="no message") as caught:
        window(source(tmp_path), 0)
    assert "tidegraph stream listen" in caught.value.mend


@pytest.mark.parametrize(
    ("kind", "url"),
    [("redis", "redis://:s3cr3t@127.0.0.1:9/0"), ("rabbit", "amqp://shop:s3cr3t@127.0.0.1:9/"), ("redis", "s3cr3t")],
)
def test_a_broker_that_is_away_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, url: str
) -> None:
    monkeypatch.setenv("SHOP_BROKER", url)
    source(tmp_path, kind)
    with pytest.raises(SourceFault) as caught:
        receive(tmp_path, 1)
    assert "s3cr3t" not in str(caught.value) + caught.value.mend
    assert "SHOP_BROKER" in caught.value.mend


def test_an_unset_variable_and_an_unknown_broker_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_BROKER", raising=False)
    source(tmp_path)
    with pytest.raises(SourceFault, match="SHOP_BROKER"):
        receive(tmp_path, 1)
    with pytest.raises(SourceFault, match="broker"):
        source(tmp_path, "pigeon")
