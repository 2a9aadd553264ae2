"""A limit on the CPU seconds of one piece of work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTimeError(Exception):
    """The work inside `within` took longer than it may."""


@contextmanager
def within(cpu_seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError inside once this process has spent `cpu_seconds`, all its threads together. Native code ends
    its call first; the main thread alone may ask for it."""

    def stop(*_: object) -> None:
        raise OutOfTimeError(f"stopped after {cpu_seconds} CPU seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
