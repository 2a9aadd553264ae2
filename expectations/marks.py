"""Marks on events that Great Expectations could not find by itself: repetitions, strangers, a pace no person has."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from expectations.pace import too_fast
from expectations.promise import COPY, mark_copies
from features.schema import FAULT

IN_CATALOGUE, TOO_FAST, OF_ONESELF = "in_catalogue", "too_fast", "of_oneself"

_ONLY_GIVEN = ("event_id", "user_id", "item_id", "target_user_id", "query", FAULT)
_NEVER_ASKED = ("session_id", "domain", "source", "extras")
"""Columns by what the promises ask of them."""


@dataclass(frozen=True)
class Before:
    """What earlier windows brought: the `item_id` of every item, and `event_id` and `revision` of recent events."""

    catalogue: AbstractSet[str]
    events: pd.DataFrame


def mark(events: pd.DataFrame, before: Before, max_moments_a_minute: int) -> pd.DataFrame:
    """`events` with a column for each mark; of its texts only what the promises ask is left."""
    marked = mark_copies(events, ["event_id", "revision"])
    marked[COPY] |= _repeats(events, before.events)
    known = pc.is_in(pa.array(events["item_id"]), pa.array(sorted(before.catalogue), pa.large_string()))
    marked[IN_CATALOGUE] = np.asarray(known) | events["item_id"].isna()
    marked[OF_ONESELF] = (events["user_id"] == events["target_user_id"]).to_numpy(bool)
    marked[TOO_FAST] = too_fast(events, max_moments_a_minute)
    return _light(marked)


def _light(marked: pd.DataFrame) -> pd.DataFrame:
    """The same rows with, of a text that is only asked whether it is given, just that.

    Great Expectations hashes the whole table, and copies it for every promise: texts are nearly all of that work.
    """
    known = {name: marked[name].notna().to_numpy() for name in _ONLY_GIVEN}
    given = {name: pd.arrays.BooleanArray(given, ~given) for name, given in known.items()}
    return marked.assign(**given, **dict.fromkeys(_NEVER_ASKED, False))


def _repeats(events: pd.DataFrame, before: pd.DataFrame) -> np.ndarray:
    """Which events an earlier window brought already, in the same or a higher revision."""
    repeats = np.zeros(len(events), dtype=bool)
    # Arrow's hash is ten times faster than pandas' on as many strings; few of them are found
    places = np.flatnonzero(pc.is_in(pa.array(events["event_id"]), pa.array(before["event_id"])))
    newest = before.groupby("event_id", sort=False)["revision"].max() if len(places) else pd.Series(dtype="int64")
    found = events["event_id"].iloc[places]
    known = found.notna().to_numpy()
    places, found = places[known], found[known]
    repeats[places] = events["revision"].to_numpy()[places] <= newest.reindex(found).to_numpy()
    return repeats
