"""Days, and what the watch keeps of each: `watch/<day>/`, a file for each thing it did, whole or not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from pipelines.context import Context
from pipelines.errors import WindowError
from pipelines.files import read_json, write_json
from pipelines.windows import Window

DAY = timedelta(days=1)
Part = Literal["graded", "drift", "finding", "action"]
"""What is kept of a day, in the order in which it is made."""


@dataclass(frozen=True)
class KeptDay:
    """A day that was looked at, and where it lies."""

    name: str
    folder: Path

    def read(self, part: Part) -> dict[str, Any] | None:
        """None where it was not made (yet)."""
        path = self.folder / f"{part}.json"
        found: dict[str, Any] | None = read_json(path) if path.is_file() else None
        return found

    def write(self, part: Part, told: dict[str, Any]) -> dict[str, Any]:
        write_json(self.folder / f"{part}.json", told)
        return told


def day_named(name: str, *, where: str = "--day") -> Window:
    """The UTC day `name` (ISO). Raises WindowError, which tells `where` the name was given."""
    try:
        start = datetime.combine(date.fromisoformat(name), time(), tzinfo=UTC)
        return Window(start, start + DAY)
    except ValueError:
        raise WindowError(
            f"{name[:40]!r} is no day", where=where, mend="write it as a date, for example 2017-10-15"
        ) from None
    except OverflowError:  # the last day there is
        raise _not_over(name, where) from None


def day_that_is_over(name: str, *, where: str = "--day") -> Window:
    """The UTC day `name`. Raises WindowError, also where it goes on or has not come yet."""
    day = day_named(name, where=where)
    if day.end > datetime.now(UTC):
        raise _not_over(name, where)
    return day


def _not_over(name: str, where: str) -> WindowError:
    return WindowError(f"{name} is not over", where=where, mend="name a day before today (UTC)")


def days_between(start: datetime, end: datetime) -> list[Window]:
    """The whole days from the instant `start`, which begins one, to `end`."""
    return [Window(start + DAY * number, start + DAY * (number + 1)) for number in range((end - start) // DAY)]


def kept_day(day: str, context: Context) -> KeptDay:
    return KeptDay(day, context.path("watch", day))


def kept_days(context: Context, *, until: str) -> Iterator[KeptDay]:
    """The days up to `until` of which grades are kept, the newest first."""
    folders = sorted((path.parent for path in context.path("watch").glob("*/graded.json")), reverse=True)
    known = [folder for folder in folders if not folder.name.startswith(".")]  # with a dot: cut off while writing
    return (KeptDay(folder.name, folder) for folder in known if folder.name <= until)
