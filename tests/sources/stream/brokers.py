"""Real Redis and RabbitMQ for tests: a topic of one's own, and how to publish to it."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

REDIS = os.environ.get("TIDEGRAPH_TEST_REDIS", "redis://127.0.0.1:6379/15")
RABBIT = os.environ.get("TIDEGRAPH_TEST_RABBIT", "amqp://guest:guest@127.0.0.1:5672/")


@dataclass(frozen=True)
class Broker:
    """One topic of a broker.

    `redeliver_after` is what a mapping for it should say; after `quiet` seconds without a message a consumer that has
    just begun may believe that there is none for it.
    """

    kind: str
    url: str
    topic: str
    publish: Callable[[list[bytes]], None]
    unacknowledged: Callable[[], int]
    redeliver_after: float = 0.1
    quiet: float = 1


@contextmanager
def redis() -> Iterator[Broker]:
    import redis as client_library

    topic, client = f"tidegraph-{uuid.uuid4().hex}", client_library.Redis.from_url(REDIS)
    try:
        client.ping()
    except client_library.ConnectionError as error:
        pytest.skip(f"no Redis ({error}): start redis-server, or set TIDEGRAPH_TEST_REDIS")

    def publish(bodies: list[bytes]) -> None:
        for body in bodies:
            client.xadd(topic, {"event": body})

    def unacknowledged() -> int:
        return client.xpending(topic, "tidegraph")["pending"] + client.xinfo_groups(topic)[0]["lag"]

    try:
        yield Broker("redis", REDIS, topic, publish, unacknowledged)
    finally:
        client.delete(topic)
        client.close()


@contextmanager
def rabbit() -> Iterator[Broker]:
    topic = f"tidegraph-{uuid.uuid4().hex}"
    try:
        _in_rabbit(lambda channel: channel.declare_queue(topic, durable=True))
    except OSError as error:
        pytest.skip(f"no RabbitMQ ({error}): start rabbitmq-server, or set TIDEGRAPH_TEST_RABBIT")

    async def send(channel: Any, bodies: list[bytes]) -> None:
        from aio_pika import Message

        for body in bodies:
            await channel.default_exchange.publish(Message(body), routing_key=topic)

    async def ready(channel: Any) -> int:
        queue = await channel.declare_queue(topic, passive=True)
        return int(queue.declaration_result.message_count)

    try:
        yield Broker("rabbit", RABBIT, topic, lambda bodies: _in_rabbit(lambda channel: send(channel, bodies)),
                     lambda: _in_rabbit(ready))  # fmt: skip
    finally:
        _in_rabbit(lambda channel: channel.queue_delete(topic))


def _in_rabbit(do: Callable[[Any], Any]) -> Any:
    from aio_pika import connect

    async def work() -> Any:
        async with await connect(RABBIT) as connection:
            return await do(await connection.channel())

    return asyncio.run(work())
