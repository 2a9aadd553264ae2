"""Real NATS (JetStream) and Kafka for tests: a topic of one's own, and how to publish to it."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sources.stream.brokers import Broker

NATS = os.environ.get("TIDEGRAPH_TEST_NATS", "nats://127.0.0.1:4222")
KAFKA = os.environ.get("TIDEGRAPH_TEST_KAFKA", "127.0.0.1:9092")
PARTITIONS = 2


@contextmanager
def nats() -> Iterator[Broker]:
    _need("NATS", NATS, "nats-server --jetstream")
    pytest.importorskip("nats", reason="no client for NATS: pip install nats-py")
    topic = f"tidegraph-{uuid.uuid4().hex}"

    async def send(stream: Any, bodies: list[bytes]) -> None:
        for body in bodies:
            await stream.publish(topic, body)

    async def left(stream: Any) -> int:
        consumer = await stream.consumer_info(topic, "tidegraph")
        return int(consumer.num_pending + consumer.num_ack_pending)

    _in_nats(lambda stream: stream.add_stream(name=topic, subjects=[topic]))
    try:
        # A consumer waits a second for its batch to fill: what it holds must not come again meanwhile.
        yield Broker("nats", NATS, topic, lambda bodies: _in_nats(lambda stream: send(stream, bodies)),
                     lambda: _in_nats(left), redeliver_after=3, quiet=4)  # fmt: skip
    finally:
        _in_nats(lambda stream: stream.delete_stream(topic))


def _in_nats(do: Callable[[Any], Any]) -> Any:
    import nats as client_library

    async def work() -> Any:
        async with await client_library.connect(NATS) as client:
            return await do(client.jetstream())

    return asyncio.run(work())


@contextmanager
def kafka() -> Iterator[Broker]:
    _need("Kafka", f"kafka://{KAFKA}", "docker run --rm -p 127.0.0.1:9092:9092 apache/kafka")
    aiokafka = pytest.importorskip("aiokafka", reason="no client for Kafka: pip install aiokafka")
    topic = f"tidegraph-{uuid.uuid4().hex}"

    async def send(bodies: list[bytes]) -> None:
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=KAFKA) as producer:
            for body in bodies:
                await producer.send_and_wait(topic, body)

    async def left() -> int:
        async with aiokafka.AIOKafkaConsumer(bootstrap_servers=KAFKA, group_id="tidegraph") as consumer:
            ends = await consumer.end_offsets([aiokafka.TopicPartition(topic, n) for n in range(PARTITIONS)])
            return sum([end - (await consumer.committed(place) or 0) for place, end in ends.items()])

    asyncio.run(_in_kafka(lambda admin, new: admin.create_topics([new(topic, PARTITIONS, 1)])))
    try:
        # Kafka gives a new consumer its partitions only after some seconds.
        yield Broker("kafka", KAFKA, topic, lambda bodies: asyncio.run(send(bodies)), lambda: asyncio.run(left()),
                     quiet=15)  # fmt: skip
    finally:
        asyncio.run(_in_kafka(lambda admin, _: admin.delete_topics([topic])))


async def _in_kafka(do: Callable[[Any, Any], Any]) -> Any:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(bootstrap_servers=KAFKA)
    await admin.start()
    try:
        return await do(admin, NewTopic)
    finally:
        await admin.close()


def _need(name: str, url: str, start: str) -> None:
    """Skip a test whose broker does not answer, and say how to start one."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=5).close()
    except OSError as error:
        pytest.skip(f"no {name} ({error}): {start}, or set TIDEGRAPH_TEST_{name.upper()}")
