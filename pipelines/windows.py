"""Windows: half-open UTC intervals `[start, end)` on a fixed calendar, named by their start date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pipelines.errors import WindowError


@dataclass(frozen=True, order=True)
class Window:
    """One interval of the calendar. `start` and `end` are aware UTC datetimes."""

    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        return self.start.date().isoformat()

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True)
class Calendar:
    """All windows: the first starts at `first`, each lasts `length` (whole days)."""

    first: date
    length: timedelta

    @property
    def origin(self) -> datetime:
        return datetime.combine(self.first, time(), tzinfo=UTC)

    def at(self, index: int) -> Window:
        start = self.origin + index * self.length
        return Window(start, start + self.length)

    def index(self, window: Window) -> int:
        return (window.start - self.origin) // self.length

    def previous(self, window: Window) -> Window | None:
        index = self.index(window)
        return self.at(index - 1) if index else None

    def window(self, name: str) -> Window:
        """The window named by its start date; a date that starts no window is refused with its neighbours."""
        day = _parse(name)
        steps, rest = divmod(datetime.combine(day, time(), tzinfo=UTC) - self.origin, self.length)
        if steps < 0:
            raise WindowError(
                f"window {name} lies before the calendar's first window {self.first}",
                where="--window",
                mend="name a later window, or change window.first in params.yaml before the bootstrap",
            )
        if rest:
            raise WindowError(
                f"no window starts on {name}",
                where=f"calendar: {self.first}, every {self.length.days} days",
                mend=f"use {self.at(steps).name} or {self.at(steps + 1).name}",
            )
        return self.at(steps)

    def before(self, instant: datetime) -> list[Window]:
        """All windows that start before `instant`."""
        return [self.at(i) for i in range(-(-(instant - self.origin) // self.length))]

    def until(self, name: str) -> list[Window]:
        """All windows that end at or before the window start named."""
        return [self.at(i) for i in range(self.index(self.window(name)))]


def _parse(name: str) -> date:
    try:
        return date.fromisoformat(name)
    except ValueError:
        raise WindowError(
            f"{name!r} is no date",
            where="--window",
            mend="write a window by its start date, for example 2017-10-08",
        ) from None
