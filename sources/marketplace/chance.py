"""Randomness that depends on nothing but a seed and a place: streams to draw from, and hashes for single numbers."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class For(IntEnum):
    """What a stream or a hash is for: two purposes never share their numbers."""

    ITEMS = 1
    PEOPLE = 2
    INTERESTS = 3
    SHIFTS = 4
    STAPLES = 5
    SEASONS = 6
    CAMPAIGNS = 7
    VISITS = 8
    BROKEN = 9
    DOUBLED = 10
    BOTS = 11
    LAG = 12
    FAVOURITES = 13
    DUE = 14
    RETURNS = 15
    CEILING = 16


def stream(seed: int, purpose: For, *place: int) -> np.random.Generator:
    """A generator of its own for each (seed, purpose, place)."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, int(purpose), *place])))


def hashed(seed: int, purpose: For, *parts: NDArray[np.integer] | int) -> Floats:
    """A number in [0, 1) for each entry of the broadcast `parts`; equal parts give the equal number, always."""
    state = _mix(np.uint64((seed * 1_000_003 + int(purpose)) % 2**64))
    with np.errstate(over="ignore"):
        for part in parts:
            state = _mix(state ^ _mix(np.asarray(part).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)))
    return np.atleast_1d(state >> np.uint64(11)) * 2.0**-53


def _mix(state: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    """Two rounds of SplitMix64's finaliser: every bit of the input moves half of the output's."""
    with np.errstate(over="ignore"):
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(state ^ (state >> np.uint64(31)))
