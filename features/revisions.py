"""Corrections: of the events with one id the highest revision counts, from the instant at which it happened."""

from __future__ import annotations

from ibis.expr.types import Table


def newest_revisions(events: Table) -> Table:
    """`event_id` and `newest`: the highest revision of each event that was ever corrected in `events`."""
    corrected = events.filter(events["revision"] > 0)
    return corrected.group_by("event_id").aggregate(newest=corrected["revision"].max())


def counting(events: Table, newest: Table) -> Table:
    """Those of `events` that no higher revision in `newest` replaces."""
    return events.anti_join(newest, [events["event_id"] == newest["event_id"], events["revision"] < newest["newest"]])


def replaced(events: Table, newest: Table) -> Table:
    """Those of `events` that a higher revision in `newest` replaces."""
    return events.semi_join(newest, [events["event_id"] == newest["event_id"], events["revision"] < newest["newest"]])
