"""Corrections: of the events with one id the highest revision counts, from the instant at which it happened."""

from __future__ import annotations

import pandas as pd


def counting(events: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Which of `events` count as of an instant: those before it that no higher revision before it replaces.

    `events` has `event_id`, `revision` and `occurred_at`; one row for each (event_id, revision). Gives booleans.
    """
    before = events["occurred_at"] < as_of
    if not (events["revision"] > 0).any():
        return before
    newest = events.loc[before, ["event_id", "revision"]].sort_values("revision", kind="stable")
    return before & events.index.isin(newest.drop_duplicates("event_id", keep="last").index)
