"""The long-running consumer: keeps each message on disk, then acknowledges it, until it is told to stop."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from faststream import FastStream

from sources.connector import Place, SourceFault
from sources.mapping.spec import Mapping
from sources.spool import Message, Spool
from sources.stream.brokers import hushed, make_broker, messages, prepare, subscribe
from sources.stream.options import StreamOptions, spool_of, stream_options, stream_rows

CLIENTS = {"kafka": "aiokafka", "nats": "nats-py", "redis": "redis", "rabbit": "aio-pika"}


def listen(
    mapping: Mapping, place: Place, *, say: Callable[[str], None], idle: float | None = None, enough: int | None = None
) -> int:
    """Consume until SIGINT or SIGTERM, until nothing has come for `idle` seconds, or until `enough` messages have.

    Gives how many were kept: one that was there already is not kept twice.

    Raises SourceFault when the broker cannot be reached or the spool cannot be written; what was not written is not
    acknowledged, so that it comes again.
    """
    listener = Listener(stream_options(mapping), spool_of(mapping, place), say)
    topics = {rows.topic: rows.declare for rows in stream_rows(mapping).values()}
    asyncio.run(listener.run(topics, idle, enough))
    return listener.kept


class Listener:
    """One consumer of a group."""

    def __init__(self, options: StreamOptions, spool: Spool, say: Callable[[str], None]) -> None:
        self.kept = 0
        self._options, self._spool, self._say = options, spool, say
        self._waiting: list[tuple[Message, asyncio.Future[None]]] = []
        self._writing = asyncio.Lock()
        self._fault: Exception | None = None
        self._last: float | None = None
        self._acknowledged = 0

    async def run(self, topics: dict[str, bool], idle: float | None, enough: int | None) -> None:
        try:
            with hushed(self._options.broker) as speak:
                await self._consume(topics, idle, enough, speak)
        except SourceFault:
            raise
        except ImportError as error:
            raise self._refused(f"{error}", f"pip install {CLIENTS[self._options.broker]}") from error
        except Exception as error:  # each client library has its own errors
            mend = f"start the broker, or check {self._options.url_env} and the mapping's topics"
            raise self._refused(f"{type(error).__name__}: {error}", mend) from error
        if self._fault is not None:
            raise SourceFault(
                f"messages cannot be kept: {self._fault}",
                where=str(self._spool.path),
                mend="make room on the disk and start again: what was not kept comes again",
            )

    async def _consume(
        self, topics: dict[str, bool], idle: float | None, enough: int | None, speak: Callable[[], None]
    ) -> None:
        broker = make_broker(self._options)
        app = FastStream(broker, logger=None)
        for topic, declare in topics.items():
            await prepare(self._options, topic)
            subscribe(broker, self._options, topic, self._handler(topic, app, enough), declare=declare)
        app.after_startup(lambda: self._begin(f"listening to {', '.join(topics)} on {self._options.where}", speak))
        await self._until_told(app, idle)

    def _begin(self, told: str, speak: Callable[[], None]) -> None:
        speak()
        self._last = time.monotonic()
        self._say(told)

    def _handler(self, topic: str, app: FastStream, enough: int | None) -> Callable[[Any], Any]:
        async def handle(message: Any) -> None:
            batch = messages(self._options.broker, topic, message)
            try:
                await self._keep(batch)
            except (OSError, sqlite3.Error) as error:
                self._fault = error
                app.exit()
                raise
            await message.ack()
            self._last = time.monotonic()
            self._acknowledged += len(batch)
            if enough is not None and self._acknowledged >= enough:
                app.exit()

        return handle

    async def _keep(self, batch: list[Message]) -> None:
        """Return when `batch` is on disk. What comes while one transaction is written goes into the next, together."""
        if self._fault is not None:
            raise OSError("the spool has failed before")
        written = asyncio.get_running_loop().create_future()
        self._waiting += [(message, written) for message in batch]
        async with self._writing:
            if not written.done():
                await self._write()
        await written

    async def _write(self) -> None:
        taken, self._waiting = self._waiting, []
        futures = {future for _, future in taken}
        try:
            self.kept += await asyncio.to_thread(self._spool.put, [message for message, _ in taken], datetime.now(UTC))
        except (OSError, sqlite3.Error) as error:
            for future in futures:
                future.set_exception(error)
        else:
            for future in futures:
                future.set_result(None)

    async def _until_told(self, app: FastStream, idle: float | None) -> None:
        watch = asyncio.create_task(self._exit_when_idle(app, idle)) if idle is not None else None
        try:
            await app.run(sleep_time=0.05)
        finally:
            if watch is not None:
                watch.cancel()

    async def _exit_when_idle(self, app: FastStream, idle: float) -> None:
        while self._last is None or time.monotonic() - self._last < idle:
            await asyncio.sleep(min(idle, 0.05))
        app.exit()

    def _refused(self, what: str, mend: str) -> SourceFault:
        told = " ".join(what.split()).replace(self._options.url, "***")
        return SourceFault(f"the broker cannot be used: {told[:300]}", where=self._options.where, mend=mend)
