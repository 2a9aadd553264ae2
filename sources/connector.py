"""What every source of events promises: the tables of one window, a digest of its state, and its last event."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

import features.schema

TIME = {"events": "occurred_at", "users": "valid_from", "items": "valid_from"}
"""The column that says when a row of a table happened, or became valid."""
ORDER = {
    "events": ("occurred_at", "event_id", "revision"),
    "users": ("valid_from", "user_id"),
    "items": ("valid_from", "item_id"),
}
"""The columns that a landed table is sorted by."""


@dataclass(frozen=True)
class Tables:
    """One window's tables, with exactly the columns and types of `LANDED` in features/schema.py.

    Rows are sorted as ORDER says; `users` and `items` are those whose `valid_from` the source says. A row of which
    something could not be read says so in its column `fault`. `notes` are sentences for the user, such as a column
    that the contract does not know.
    """

    events: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    notes: tuple[str, ...] = ()


class SourceFault(Exception):
    """What is wrong with a source, where, and how to mend it."""

    def __init__(self, what: str, *, where: str, mend: str) -> None:
        super().__init__(f"{what} ({where})")
        self.what, self.where, self.mend = what, where, mend


class Connector(ABC):
    """A source of events. `first_start` is the start of the calendar's first window."""

    name: str

    def __init__(self, first_start: datetime) -> None:
        self.first_start = first_start

    @abstractmethod
    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        """The tables of the window `[start, end)` named `name`; the same source state gives the same tables.

        Raises SourceFault when the source cannot be read as tables of the contract.
        """

    @abstractmethod
    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        """A digest that changes whenever `collect` of this window could give something else."""

    def files(self, start: datetime, end: datetime, name: str) -> dict[str, str]:
        """The files that the window's rows come of: SHA-256 by name below the drop folder; none where a source is no
        folder of files."""
        return {}

    @abstractmethod
    def last_event_at(self) -> datetime | None:
        """When the source's last event happened; None for a source that is still growing."""


@dataclass(frozen=True)
class Place:
    """Where a connector that a mapping describes finds and keeps things, and on which calendar.

    `drop` is the user's folder of files, `state` the connectors' own for caches and cursors; windows start at
    `first_start` and last `length`.
    """

    drop: Path
    state: Path
    first_start: datetime
    length: timedelta


def digest(*parts: str | bytes) -> str:
    """SHA-256 over `parts` and over the code that turns a source into tables."""
    total = hashlib.sha256(_code())
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(len(content).to_bytes(8, "little") + content)
    return total.hexdigest()


def sort_table(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """`table` in a fixed order, rows numbered from 0; nulls last, ties in the order they came."""
    return table.sort_values(list(columns), kind="stable", ignore_index=True)


@cache
def _code() -> bytes:
    """The bytes of this package and of the contract: a landing made by other code is not reused."""
    modules = sorted(Path(__file__).parent.rglob("*.py"))
    return b"".join(path.read_bytes() for path in [*modules, Path(features.schema.__file__)])
