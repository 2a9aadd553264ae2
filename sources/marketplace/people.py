"""The users: who they are, what they are interested in and how that shifts, and the rows that tell of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sources.marketplace.catalogue import NEVER, launch_days
from sources.marketplace.chance import Floats, For, Ints, stream
from sources.marketplace.scenarios import CASES
from sources.marketplace.settings import LABEL, Options
from sources.marketplace.words import (
    AGE_BANDS,
    BRANDS_EACH,
    DEPARTMENT_OF,
    DEPARTMENTS,
    GENDERS,
    HOUSEHOLDS,
    INCOME_BANDS,
    LEAVES,
    OCCUPATIONS,
)

OWN = 4
"""Interests of a user; slot OWN of `slots` is the one that a shift leads to, the last slot is anything at all."""
ANYTHING = -1
ANYTHING_SHARE = 0.1

_SHARES = np.array([0.46, 0.22, 0.14, 0.08])
_COLD, _DELETED, _SHIFTED, _INTO_NEW = 0.15, 0.005, 0.12, 0.3
_CHUNK = 65_536


@dataclass(frozen=True)
class People:
    """Users, the named cases first. All arrays have a row a user.

    `slots` [users, 6] leaves of interest, ANYTHING last; `shares` [users, OWN] how much each counts before any shift.
    Between days `shift_from` and `shift_until` the first interest's share wanders to slot OWN (at once where they are
    equal; NEVER where there is no shift). `born` and `gone` are the first day, and the first day after deletion.
    """

    ids: pa.Array
    traits: dict[str, Ints]
    segment: Ints
    loyalty: Floats
    activity: Floats
    own_brands: Ints
    slots: Ints
    shares: Floats
    born: Ints
    gone: Ints
    shift_from: Ints
    shift_until: Ints

    def __len__(self) -> int:
        return len(self.segment)

    def moved(self, day: int) -> Floats:
        """[users] how much of a shift has happened on `day`, from 0 to 1."""
        length = np.maximum(self.shift_until - self.shift_from, 1)
        return np.clip((day - self.shift_from + (self.shift_until == self.shift_from)) / length, 0.0, 1.0)


def build_people(options: Options) -> People:
    rng, n = stream(options.seed, For.PEOPLE), options.users
    traits = {name: (rng.random(n) * size).astype(np.int64) for name, size in _TRAITS.items()}
    born = np.where(rng.random(n) < _COLD, 1 + np.floor(rng.random(n) * max(options.days - 1, 1)), 0).astype(np.int64)
    gone = np.where(rng.random(n) < _DELETED, np.floor(options.days * (0.5 + 0.5 * rng.random(n))), NEVER)
    segment = np.floor((0.2 * traits["income_band"] + 0.4 * rng.random(n)) / 1.2 * 3).astype(np.int64)
    shares = _SHARES * (0.7 + 0.6 * rng.random((n, OWN)))
    people = People(
        ids=pa.array([case.user_id for case in CASES] + [f"u{row:07d}" for row in range(len(CASES), n)]),
        traits=traits,
        segment=segment,
        loyalty=0.1 + 0.4 * rng.random(n),
        activity=np.minimum(np.exp(rng.standard_normal(n)), 20.0),
        own_brands=np.minimum(rng.random((n, len(DEPARTMENTS))) ** 1.5 * BRANDS_EACH, BRANDS_EACH - 1).astype(np.int64),
        slots=_interests(options, traits),
        shares=shares * (1 - ANYTHING_SHARE) / shares.sum(1, keepdims=True),
        born=born,
        gone=np.where(gone > born, gone, NEVER).astype(np.int64),
        shift_from=np.full(n, NEVER),
        shift_until=np.full(n, NEVER),
    )
    _shift(people, options)
    _place_cases(people)
    return people


_TRAITS = {
    "age_band": len(AGE_BANDS),
    "gender": len(GENDERS),
    "income_band": len(INCOME_BANDS),
    "occupation": len(OCCUPATIONS),
    "household": len(HOUSEHOLDS),
}
_NAMES = {
    "age_band": AGE_BANDS,
    "gender": GENDERS,
    "occupation": OCCUPATIONS,
    "income_band": INCOME_BANDS,
    "household": HOUSEHOLDS,
}


def user_rows(people: People, days: range, day_us: Ints) -> pa.Table:
    """The users born on `days`; `day_us` are the microseconds since 1970 at which each of them starts."""
    rows = np.flatnonzero((people.born >= days.start) & (people.born < days.stop))
    columns: dict[str, pa.Array] = {"user_id": people.ids.take(pa.array(rows))}
    for name, words in _NAMES.items():
        columns[name] = pa.array(words).take(pa.array(people.traits[name][rows]))
    at = day_us[people.born[rows] - days.start] if len(rows) else np.zeros(0, np.int64)
    columns["valid_from"] = pa.array(at, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    columns["extras"] = pa.array([json.dumps({LABEL: True})] * len(rows), pa.string())
    return pa.table(columns).sort_by([("valid_from", "ascending"), ("user_id", "ascending")])


def _interests(options: Options, traits: dict[str, Ints]) -> Ints:
    """[users, 6] four different leaves, drawn by what the user's age and gender incline to; ANYTHING elsewhere."""
    rng, n = stream(options.seed, For.INTERESTS), options.users
    incline = 0.8 * rng.standard_normal((len(AGE_BANDS) * len(GENDERS), len(DEPARTMENTS)))
    leaning = incline[:, DEPARTMENT_OF] + 0.4 * rng.standard_normal(len(LEAVES))
    leaning[:, launch_days(options.days) > 0] = -np.inf
    group = traits["age_band"] * len(GENDERS) + traits["gender"]
    slots = np.full((n, OWN + 2), ANYTHING)
    for first in range(0, n, _CHUNK):
        rows = slice(first, min(first + _CHUNK, n))
        # the largest of the leanings plus Gumbel noise are a draw without replacement (Vieira 2014)
        noise = -np.log(-np.log(rng.random((rows.stop - first, len(LEAVES)))))
        slots[rows, :OWN] = np.argsort(-(leaning[group[rows]] + noise), axis=1, kind="stable")[:, :OWN]
    return slots


def _shift(people: People, options: Options) -> None:
    """Let some users who were there from the start, and stay, shift from their first interest to another leaf."""
    rng, n, days = stream(options.seed, For.SHIFTS), len(people), options.days
    chosen = (rng.random(n) < _SHIFTED) & (people.born == 0) & (people.gone == NEVER)
    chosen[: len(CASES)] = False
    start = np.floor(days * (0.25 + 0.5 * rng.random(n))).astype(np.int64)
    length = np.where(rng.random(n) < 0.5, 0, 14 + np.floor(14 * rng.random(n)).astype(np.int64))
    launches = launch_days(days)
    old = np.flatnonzero(launches == 0)
    target = old[np.floor(rng.random(n) * len(old)).astype(np.int64)]
    into_new = rng.random(n) < _INTO_NEW
    for leaf in np.flatnonzero(launches):
        target = np.where(into_new & (start >= launches[leaf]), leaf, target)
    chosen &= (people.slots[:, :OWN] != target[:, None]).all(axis=1)
    people.slots[chosen, OWN] = target[chosen]
    people.shift_from[chosen] = start[chosen]
    people.shift_until[chosen] = (start + length)[chosen]


def _place_cases(people: People) -> None:
    """Make the first users the named cases: there from the start, busy, and with the interests that the case says."""
    for row, case in enumerate(CASES):
        people.slots[row, :OWN], people.slots[row, OWN] = case.leaves, ANYTHING
        shares = np.array([share for _, share in case.interests])
        people.shares[row] = shares * (1 - ANYTHING_SHARE) / shares.sum()
        people.loyalty[row], people.activity[row], people.segment[row] = case.loyalty, 8.0, 1
        people.traits["age_band"][row], people.traits["gender"][row] = case.age_band, case.gender
        people.own_brands[row] = 0  # the brand with the most items, so that there is something to be loyal to
        people.born[row], people.gone[row] = 0, NEVER
