"""Messages on disk from their receipt to their window: each kept once, whole, and never in a window already collected.

One SQLite file, for its transactions: several consumers may write at once, a killed one leaves nothing half-written,
and a message that a broker delivers again meets its own key.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (topic TEXT, identity TEXT, arrived INTEGER, body BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS once ON messages (topic, identity);
CREATE INDEX IF NOT EXISTS arrival ON messages (topic, arrived);
CREATE TABLE IF NOT EXISTS closed (until INTEGER);
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 60


class Message(NamedTuple):
    """`identity` is the broker's own name of the message, the same whenever it is delivered."""

    topic: str
    identity: str
    body: bytes


class Spool:
    """The messages of one mapping."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, messages: Iterable[Message], now: datetime) -> int:
        """Keep `messages` as arrived `now`, on disk when this returns; gives how many were not there yet."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._writing() as spool:
            (until,) = spool.execute("SELECT coalesce(max(until), 0) FROM closed").fetchone()
            arrived = max(_micros(now), until)  # what was collected stays as it is
            rows = [(topic, identity, arrived, body) for topic, identity, body in messages]
            before = spool.total_changes
            spool.executemany("INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?)", rows)
            return spool.total_changes - before

    def close_until(self, end: datetime) -> None:
        """From now on nothing arrives before `end`: the windows up to it are complete."""
        if self.path.exists():
            with self._writing() as spool:
                spool.execute("INSERT INTO closed SELECT ? WHERE ? > coalesce((SELECT max(until) FROM closed), 0)",
                              (_micros(end), _micros(end)))  # fmt: skip

    def bodies(self, topic: str, start: datetime, end: datetime, chunk: int) -> Iterator[list[tuple[str, bytes]]]:
        """Identity and body of the messages that arrived in `[start, end)`, at most `chunk` at a time."""
        query = "SELECT identity, body FROM messages WHERE topic = ? AND arrived >= ? AND arrived < ? ORDER BY identity"
        with closing(self._open()) as spool:
            found = spool.execute(query, (topic, _micros(start), _micros(end)))
            while rows := found.fetchmany(chunk):
                yield rows

    def digest(self, topic: str, start: datetime, end: datetime) -> str:
        """Covers which messages arrived in `[start, end)`."""
        query = "SELECT identity FROM messages WHERE topic = ? AND arrived >= ? AND arrived < ? ORDER BY identity"
        total = hashlib.sha256()
        with closing(self._open()) as spool:
            for (identity,) in spool.execute(query, (topic, _micros(start), _micros(end))):
                total.update(f"{identity}\n".encode())
        return total.hexdigest()

    def counts(self) -> list[tuple[str, int, datetime]]:
        """By topic: how many messages, and when the last one arrived."""
        if not self.path.exists():
            return []
        with closing(self._open()) as spool:
            query = "SELECT topic, count(*), max(arrived) FROM messages GROUP BY topic ORDER BY topic"
            return [(topic, count, _instant(last)) for topic, count, last in spool.execute(query)]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as spool:
            with FileLock(self.path.with_suffix(".lock"), timeout=PATIENCE_SECONDS):
                spool.execute("PRAGMA journal_mode = WAL")  # SQLite has no patience for two that change it at once
                spool.executescript(SCHEMA)
            spool.execute("PRAGMA synchronous = FULL")
            spool.execute("BEGIN IMMEDIATE")
            try:
                yield spool
            except BaseException:
                spool.execute("ROLLBACK")
                raise
            spool.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=PATIENCE_SECONDS, isolation_level=None)


def _micros(instant: datetime) -> int:
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _instant(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, UTC)
