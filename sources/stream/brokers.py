"""Four brokers behind one word: subscribe to a topic, and say each message's identity and text."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from faststream import AckPolicy

from sources.spool import Message
from sources.stream.options import StreamOptions

LOGGERS = {"redis": ("redis",), "rabbit": ("aio_pika", "aiormq"), "kafka": ("aiokafka",), "nats": ("nats",)}
"""Where each client library logs what it also raises."""

Handle = Callable[[Any], Awaitable[None]]
"""Takes a FastStream message, which may stand for several of the broker's."""


def make_broker(options: StreamOptions) -> Any:
    """A FastStream broker, not connected yet. Raises ImportError when its client library is not installed."""
    settings: dict[str, Any] = {"logger": None, "apply_types": False}
    if options.broker == "redis":
        from faststream.redis import RedisBroker

        return RedisBroker(options.url, **settings)
    if options.broker == "rabbit":
        from faststream.rabbit import Channel, RabbitBroker

        return RabbitBroker(options.url, default_channel=Channel(prefetch_count=options.batch_messages), **settings)
    if options.broker == "kafka":
        from faststream.kafka import KafkaBroker

        return KafkaBroker(options.url.split(","), **settings)
    from faststream.nats import NatsBroker

    return NatsBroker(options.url.split(","), **settings)


@contextmanager
def hushed(kind: str) -> Iterator[Callable[[], None]]:
    """What the client library logs is not printed, until the function that this gives is called, or the block ends.

    While a broker is first looked for, its absence is raised, and would be told twice. Handlers that an application
    has put in place still get everything.
    """
    silence, loggers = logging.NullHandler(), [logging.getLogger(name) for name in LOGGERS[kind]]

    def end() -> None:
        for logger in loggers:
            logger.removeHandler(silence)

    for logger in loggers:
        logger.addHandler(silence)
    try:
        yield end
    finally:
        end()


def subscribe(broker: Any, options: StreamOptions, topic: str, handle: Handle, *, declare: bool) -> None:
    """Have `handle` called with the messages of `topic`; it acknowledges them itself."""
    for place in _PLACES[options.broker](options, topic, declare):
        broker.subscriber(*place.pop("topics", ()), **place, ack_policy=AckPolicy.MANUAL, parser=_bare, decoder=_whole)(
            handle
        )


def messages(kind: str, topic: str, message: Any) -> list[Message]:
    """The broker's messages that `message` stands for."""
    return [Message(topic, identity, body) for identity, body in _READERS[kind](message)]


async def prepare(options: StreamOptions, topic: str) -> None:
    """What a broker needs before it is listened to. Raises its client library's error when it cannot be reached."""
    if options.broker == "redis":
        await _begin_group(options, topic)
    elif options.broker == "nats":
        await _ask_nats(options)


async def _ask_nats(options: StreamOptions) -> None:
    """Raise when no server answers: FastStream's client would ask on for one that was never there, and say nothing."""
    import nats

    soon: dict[str, Any] = {"connect_timeout": 5, "reconnect_time_wait": 0, "max_reconnect_attempts": 1}
    client = await nats.connect(options.url.split(","), allow_reconnect=False, **soon)
    await client.close()


async def _begin_group(options: StreamOptions, topic: str) -> None:
    """Begin a new group at the stream's first message: FastStream's own would begin at the next one."""
    from redis.asyncio import Redis
    from redis.exceptions import ResponseError

    async with Redis.from_url(options.url) as client:
        try:
            await client.xgroup_create(topic, options.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


async def _bare(raw: Any, parse: Callable[[Any], Awaitable[Any]]) -> Any:
    """A message whose content and headers nobody has looked at: a strange one must not fail before it is kept."""
    bare = raw
    if isinstance(raw, dict):  # Redis
        bare = {**raw, "data": [{} for _ in raw["data"]]}
    elif isinstance(raw, tuple):  # Kafka
        bare = tuple(replace(record, headers=()) for record in raw)
    message = await parse(bare)
    message.raw_message = raw
    return message


async def _whole(message: Any) -> Any:
    return message


def _redis_places(options: StreamOptions, topic: str, _: bool) -> Iterator[dict[str, Any]]:
    from faststream.redis import StreamSub

    me = f"{socket.gethostname()}-{os.getpid()}"
    idle = int(options.redeliver_after_seconds * 1000)
    common: dict[str, Any] = {"group": options.group, "consumer": me, "max_records": options.batch_messages}
    yield {"stream": StreamSub(topic, batch=True, **common)}
    yield {"stream": StreamSub(topic, batch=True, min_idle_time=idle, polling_interval=idle, **common)}


def _rabbit_places(_: StreamOptions, topic: str, declare: bool) -> Iterator[dict[str, Any]]:
    from faststream.rabbit import RabbitQueue

    yield {"queue": RabbitQueue(topic, durable=True, declare=declare)}


def _kafka_places(options: StreamOptions, topic: str, _: bool) -> Iterator[dict[str, Any]]:
    size = options.batch_messages
    group = {"group_id": options.group, "auto_offset_reset": "earliest"}
    yield {"topics": (topic,), "batch": True, "max_records": size, **group}


def _nats_places(options: StreamOptions, topic: str, declare: bool) -> Iterator[dict[str, Any]]:
    from faststream.nats import JStream, PullSub
    from nats.js.api import ConsumerConfig

    # far above the time in which a batch fills: else what still waits in one would come a second time
    patience = ConsumerConfig(ack_wait=max(options.redeliver_after_seconds, 3.0))
    stream = JStream(topic.replace(".", "-"), subjects=[topic], declare=declare)
    pull = PullSub(batch_size=options.batch_messages, timeout=1.0, batch=True)
    yield {"subject": topic, "stream": stream, "durable": options.group, "pull_sub": pull, "config": patience}


def _from_redis(message: Any) -> Iterator[tuple[str, bytes]]:
    raw = message.raw_message
    for identity, fields in zip(raw["message_ids"], raw["data"], strict=True):
        yield identity.decode(), _redis_body(fields)


def _redis_body(fields: dict[bytes, bytes]) -> bytes:
    """An entry's text: its only field, FastStream's envelope opened, or several fields as one JSON object."""
    from faststream.redis.parser import BinaryMessageFormatV1

    if len(fields) == 1:
        (body,) = fields.values()
        return BinaryMessageFormatV1.parse(body)[0] if body.startswith(BinaryMessageFormatV1.IDENTITY_HEADER) else body
    text = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in fields.items()}
    return json.dumps(text, ensure_ascii=False).encode()


def _from_rabbit(message: Any) -> Iterator[tuple[str, bytes]]:
    """RabbitMQ numbers nothing: the publisher's message id and the text are what is the same when it comes again."""
    raw = message.raw_message
    yield f"{raw.message_id or ''}:{hashlib.sha256(raw.body).hexdigest()}", raw.body


def _from_kafka(message: Any) -> Iterator[tuple[str, bytes]]:
    for record in message.raw_message:
        yield f"{record.partition}-{record.offset:020}", record.value or b""


def _from_nats(message: Any) -> Iterator[tuple[str, bytes]]:
    for raw in message.raw_message:
        yield f"{raw.metadata.sequence.stream:020}", raw.data


_PLACES = {"redis": _redis_places, "rabbit": _rabbit_places, "kafka": _kafka_places, "nats": _nats_places}
_READERS = {"redis": _from_redis, "rabbit": _from_rabbit, "kafka": _from_kafka, "nats": _from_nats}
