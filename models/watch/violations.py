"""Several violations, not one bad day, ask for a retrain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Flags = Mapping[str, bool | None]
"""Of one day by signal: was its threshold violated? None, or no such key: it was not measured."""


@dataclass(frozen=True, kw_only=True)
class ViolationRule:
    """A signal asks for a retrain that was violated on `violations` of the last `days` days it was measured on."""

    violations: int
    days: int

    def __post_init__(self) -> None:
        if not 1 <= self.violations <= self.days:
            raise ValueError(f"violations lie between 1 and days: {self}")


@dataclass(frozen=True)
class RetrainRequest:
    """`signals` that ask for a retrain, by name, and of each a reason; none: nothing is asked."""

    signals: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def asked(self) -> bool:
        return bool(self.signals)


def asks_for_retrain(days: Sequence[Flags], rule: ViolationRule) -> RetrainRequest:
    """Look at the last `rule.days` measured days of each signal; `days` since the last retrain, the oldest first.

    A day on which a signal was not measured counts neither way: it is passed over, and an older one is looked at. Each
    signal is counted by itself, so that many signals, each wrong now and then, do not add up to a request.
    """
    found = {}
    for signal in sorted({name for day in days for name in day}):
        measured = [flag for day in days if (flag := day.get(signal)) is not None][-rule.days :]
        violated = sum(measured)
        if violated >= rule.violations:
            found[signal] = f"{signal} was violated on {violated} of its last {len(measured)} measured days"
    return RetrainRequest(tuple(found), tuple(found.values()))
