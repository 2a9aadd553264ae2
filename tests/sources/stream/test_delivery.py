"""Messages of real brokers: each lands once, whatever is killed, doubled or broken."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import redis

from features.schema import LANDED
from sources.connector import SourceFault
from sources.mapping.spec import read_mapping
from sources.spool import Spool
from sources.stream.brokers import make_broker
from sources.stream.options import stream_options
from tests.sources.stream.brokers import Broker
from tests.sources.stream.brokers import redis as redis_broker
from tests.sources.stream.consuming import child, event, ids, receive, source, source_of, today

T0 = datetime(2024, 1, 8, 9, tzinfo=UTC)


def test_what_was_published_before_and_after_the_consumer_began_lands_and_is_acknowledged(
    tmp_path: Path, broker: Broker
) -> None:
    connector = source_of(tmp_path, broker)
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
        ("nats", "before the write"),
        ("nats", "before the acknowledgement"),
        ("kafka", "before the write"),
        ("kafka", "before the acknowledgement"),
    ],
    indirect=["broker"],
)
def test_a_consumer_killed_at_any_point_loses_and_doubles_nothing(tmp_path: Path, broker: Broker, death: str) -> None:
    connector = source_of(tmp_path, broker)
    broker.publish([event(number) for number in range(20)])
    killed = child(tmp_path, death)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    receive(tmp_path, 20)
    assert ids(connector) == [f"e{number:04}" for number in range(20)]
    assert broker.unacknowledged() == 0


def test_two_consumers_share_a_group_and_each_event_counts_once(tmp_path: Path, broker: Broker) -> None:
    connector = source_of(tmp_path, broker, batch_messages=10)
    broker.publish([event(number) for number in range(300)])
    both = [child(tmp_path, idle=broker.quiet) for _ in range(2)]
    kept = [int(one.communicate(timeout=60)[0]) for one in both]
    assert sum(kept) == 300
    assert ids(connector) == [f"e{number:04}" for number in range(300)]


def test_a_message_that_is_broken_becomes_a_row_with_its_text_and_blocks_nothing(
    tmp_path: Path, broker: Broker
) -> None:
    connector = source_of(tmp_path, broker)
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
    source_of(tmp_path, broker)
    broker.publish([event(1)])
    spool.path.parent.mkdir(parents=True)
    spool.path.write_bytes(b"this is no database, however long it may be " * 100)
    with pytest.raises(SourceFault, match="cannot be kept"):
        receive(tmp_path, 1)
    spool.path.unlink()
    assert receive(tmp_path, 1) == 1


def test_an_entry_of_several_redis_fields_is_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_broker() as broker, redis.Redis.from_url(broker.url) as client:
        monkeypatch.setenv("SHOP_BROKER", broker.url)
        connector = source(tmp_path, "redis", broker.topic)
        client.xadd(broker.topic, {key: str(value) for key, value in json.loads(event(7)).items()})
        client.xadd(broker.topic, {b"\xff": b"\xff", "id": "e0008"})
        receive(tmp_path, 2)
        assert ids(connector) == ["e0007", "e0008"]


WHERE = {"redis": "stream", "rabbit": "queue", "nats": "subject", "kafka": "topic"}


def test_what_faststream_publishes_is_read_without_its_envelope(tmp_path: Path, broker: Broker) -> None:
    connector = source_of(tmp_path, broker)

    async def publish() -> None:
        async with make_broker(stream_options(read_mapping(tmp_path / "mapping.yaml"))) as publisher:
            await publisher.publish(json.loads(event(5)), **{WHERE[broker.kind]: broker.topic})

    asyncio.run(publish())
    receive(tmp_path, 1)
    assert ids(connector) == ["e0005"]
