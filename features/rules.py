"""By which rules a graph is folded; a graph keeps its own for life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DAY_US = 86_400_000_000
"""Microseconds of a day."""


@dataclass(frozen=True)
class Rules:
    """All times in µs. `half_lives`: by name of the edge kind, rising. `event_weights`: by event type; a negative one
    takes back.

    A query leads to an item when the user turns to it at most `click_within` after asking. A node is admitted by its
    `admit_after`-th event, or by the catalogue, and expires after `expire_after` without either.
    What models see leaves out users whose robust score is above `noise_score` (0: nobody), and of each node the
    weakest edges, as far as the others hold `keep_mass` of its weight.
    """

    half_lives: Mapping[str, tuple[int, ...]]
    event_weights: Mapping[str, float]
    click_within: int = 30 * 60 * 1_000_000
    admit_after: int = 1
    expire_after: int = 365 * DAY_US
    keep_mass: float = 1.0
    noise_score: float = 0.0


def weight_columns(half_lives: tuple[int, ...]) -> list[str]:
    """Names of the weight columns, for example `weight_21d`."""
    return [f"weight_{half_life / DAY_US:g}d" for half_life in half_lives]
