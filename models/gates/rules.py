"""What the gate asks: rules of one form, a metric on slices held against a bound or against another model."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from models.verdict import Severity

Comparison = Literal["floor", "ceiling", "not_worse_than", "better_than", "gap"]
Rival = Literal["champion", "last_full", "best_baseline"]
RIVALS: dict[str, str] = {
    "champion": "the champion",
    "last_full": "the last full fit",
    "best_baseline": "the best baseline",
}

STRICTNESS = 0.6
"""Of some hundred users a few lose much: the bootstrap of their mean calls more shown than its level says, since
those few are missing from many samples. Claims are tested at this share of the level; `make bench-gate` measures it."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One question to the candidate, put on each slice that a name or pattern of `slices` matches.

    `floor`, `ceiling`: the mean is at least, at most, `bound`. `not_worse_than`: the mean loses at most the share
    `bound` of that of `rival`; `better_than`: it gains more than that share. `gap`: no slice lies more
    than the share `bound` below another.

    What `needs` a proof passes when it is shown to hold, fails when it is shown not to, and is INCONCLUSIVE in between;
    what needs `no_harm` passes unless it is shown not to hold. A `warning` is told and does not decide.
    """

    metric: str
    comparison: Comparison
    bound: float = 0.0
    rival: Rival | None = None
    slices: tuple[str, ...] = ("all",)
    needs: Literal["proof", "no_harm"] = "proof"
    severity: Severity = "blocking"

    def matches(self, slice_name: str) -> bool:
        return any(fnmatchcase(slice_name, pattern) for pattern in self.slices)

    @property
    def named_slices(self) -> tuple[str, ...]:
        """Those asked for by name, not by pattern: they have to be there."""
        return tuple(each for each in self.slices if not set(each) & set("*?["))


@dataclass(frozen=True, kw_only=True)
class GateRules:
    """`confidence` is that of each rule over all its slices together; a slice of fewer than `min_users` is reported,
    not judged; `resamples` and `seed` are the bootstrap's."""

    rules: tuple[Rule, ...]
    confidence: float
    resamples: int
    seed: int
    min_users: int = 1

    @property
    def level(self) -> float:
        """At which p-value a claim is shown; bounds are told with the confidence 1 − level."""
        return STRICTNESS * (1 - self.confidence)
