"""A consumer in a process of its own, for tests that kill it; run as `python listening.py MAPPING STATE DEATH IDLE`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

MESSAGES = {
    "redis": "RedisBatchStreamMessage",
    "rabbit": "RabbitMessage",
    "nats": "NatsBatchMessage",
    "kafka": "KafkaAckableMessage",
}


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def die_soon(*_: object) -> None:
    die()


def arm(death: str) -> None:
    """Make this process kill itself where `death` says."""
    from sources.spool import Spool

    writing = Spool._writing

    @contextmanager
    def torn(spool: Spool) -> Iterator[Any]:
        with writing(spool) as connection:
            yield connection
            die()

    if death == "before the write":
        Spool.put = die  # type: ignore[assignment, method-assign]
    if death == "within the write":
        Spool._writing = torn  # type: ignore[method-assign]
    if death == "before the acknowledgement":
        for kind, name in MESSAGES.items():
            with suppress(ImportError):  # a broker whose client library is not installed
                getattr(import_module(f"faststream.{kind}.message"), name).ack = die_soon


def main(mapping: str, state: str, death: str, idle: str) -> None:
    from sources.connector import Place
    from sources.mapping.spec import read_mapping
    from sources.stream.listener import listen
    from tests.sources.mapped import START, WEEK

    arm(death)
    place = Place(Path(state) / "drop", Path(state), START, WEEK)
    print(listen(read_mapping(Path(mapping)), place, say=lambda _: None, idle=float(idle)))


if __name__ == "__main__":
    main(*sys.argv[1:])
