"""What a simulation is asked for: its size, its seed, its scenario and the flaws it is to have."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sources.connector import SourceFault

SCHEDULED = ("added_column", "retyped_column", "missing_column", "bad_batch", "renamed_column")
"""Flaws that befall one window as a whole."""

FLAWS = ("bots", "duplicates", "late", "corrections", "broken", *SCHEDULED)

SOURCE = "simulated-marketplace"
LABEL = "simulated"

FEWEST_A_DAY, MOST_A_DAY = 100, 20_000_000  # ids number the events of a day, which leaves room for no more

Flaw = Literal[
    "bots", "duplicates", "late", "corrections", "broken",
    "added_column", "retyped_column", "missing_column", "bad_batch", "renamed_column",
]  # fmt: skip


class Options(BaseModel):
    """The options of a mapping, and of `tidegraph simulate`. `clean` means no flaws; else `flaws` names them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: int = Field(default=10_000, ge=50, le=5_000_000)
    items: int = Field(default=20_000, ge=100, le=5_000_000)
    days: int = Field(default=90, ge=1, le=3_650)
    events: int = Field(default=1_000_000, ge=1_000, le=100_000_000_000)
    seed: int = Field(default=7, ge=0, le=2**32 - 1)
    scenario: Literal["shop", "social", "marketing"] = "shop"
    clean: bool = False
    flaws: tuple[Flaw, ...] = FLAWS  # type: ignore[assignment]

    @model_validator(mode="after")
    def _days_of_a_fair_size(self) -> Options:
        if not FEWEST_A_DAY <= self.events / self.days <= MOST_A_DAY:
            raise ValueError(f"{self.events} events in {self.days} days: ask for {FEWEST_A_DAY} to {MOST_A_DAY} a day")
        return self


class Settings(BaseModel):
    """A simulation as a whole: everything that its bytes depend on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    options: Options
    start: date = date(2024, 1, 7)
    length: int = Field(default=7, ge=1, le=366)

    @property
    def origin(self) -> datetime:
        return datetime.combine(self.start, time(), tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.origin + timedelta(days=self.options.days)

    @property
    def windows(self) -> int:
        return -(-self.options.days // self.length)

    @property
    def flaws(self) -> frozenset[str]:
        return frozenset() if self.options.clean else frozenset(self.options.flaws)

    def days_of(self, window: int) -> range:
        """The days of `window`, counted from 0 at the start; the last window may be shorter, later ones are empty."""
        first = window * self.length
        return range(max(first, 0), max(min(first + self.length, self.options.days), 0))

    def name_of(self, window: int) -> str:
        return (self.start + timedelta(days=window * self.length)).isoformat()

    def schedule(self) -> dict[int, str]:
        """Which window has which of the SCHEDULED flaws: at most one each, never the first window."""
        wanted = [flaw for flaw in SCHEDULED if flaw in self.flaws][: self.windows - 1]
        return {1 + (place * (self.windows - 1)) // len(wanted): flaw for place, flaw in enumerate(wanted)}

    def window_at(self, start: datetime) -> int:
        """The window that starts at `start`. Raises SourceFault for an instant that starts none."""
        steps, rest = divmod(start - self.origin, timedelta(days=self.length))
        if rest:
            raise SourceFault(
                f"the simulation has no window that starts at {start:%Y-%m-%d %H:%M} UTC",
                where=f"windows start on {self.start} and last {self.length} days",
                mend="let the mapping's `window` and the calendar agree",
            )
        return steps

    def document(self) -> dict[str, Any]:
        """The settings as JSON."""
        content: dict[str, Any] = self.model_dump(mode="json")
        return content
