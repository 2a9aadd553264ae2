"""How much memory processes really take: the sum of their proportional set sizes, sampled while they work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import psutil

MIB = 2**20


@dataclass
class Peak:
    """The largest sum seen: `total` bytes, `parts` bytes by process title, `at` seconds after the start."""

    total: int = 0
    at: float = 0.0
    parts: dict[str, int] = field(default_factory=dict)


class PeakMemory:
    """Samples the summed PSS of `processes()` every `period` seconds, from `with` until its end."""

    def __init__(self, processes: Callable[[], Iterable[psutil.Process]], *, period: float = 1.0) -> None:
        self.peak = Peak()
        self._processes, self._period = processes, period
        self._ended = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._sample_all, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample_all(self) -> None:
        while not self._ended.wait(self._period):
            parts = read_pss(self._processes())
            total = sum(parts.values())
            if total > self.peak.total:
                self.peak = Peak(total, time.monotonic() - self._began, parts)


def read_pss(processes: Iterable[psutil.Process]) -> dict[str, int]:
    """Proportional set size in bytes, by process title and pid. Processes that have gone are left out."""
    parts = {}
    for process in processes:
        try:
            parts[f"{_title(process)} ({process.pid})"] = int(process.memory_full_info().pss)
        except psutil.Error:
            continue
    return parts


def _title(process: psutil.Process) -> str:
    words = " ".join(process.cmdline()).split()
    words = words[1:] if words and "python" in words[0] else words
    return " ".join(word for word in words if word not in ("-m", "--"))[:60]
