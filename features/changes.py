"""Which interactions a delta adds to one kind of edge, and which pairs it makes to be summed up anew."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from features.backend import held, run
from features.delta import Delta
from features.interactions import INTERACTION, interactions
from features.kinds import QUERY_ITEM
from features.rules import Rules

_PAIR = ["source_id", "target_id"]


@dataclass(frozen=True)
class Changes:
    """`added`: interactions to sum up. `forgotten`: pairs (`source_id`, `target_id`) that lost an interaction, of which
    `added` holds all that counts: a first or last time cannot be taken back like a count can."""

    added: Table
    forgotten: pa.Table | None = None


def find_changes(name: str, delta: Delta, rules: Rules, backend: BaseBackend) -> Changes:
    """The changes of one kind of edge."""
    added, removed = _difference(name, delta, rules, backend)
    gone = removed.group_by(_PAIR).aggregate([]) if removed is not None and len(removed) else None
    if gone is not None:
        added = _again(name, gone, added, delta, rules)
    return Changes(added, gone)


def _difference(name: str, delta: Delta, rules: Rules, backend: BaseBackend) -> tuple[Table, pa.Table | None]:
    """Interactions that are there with the delta and were not before it, and those the other way round.

    Only a query makes one event depend on another; for the other kinds, what comes and goes are the events themselves.
    """
    if name != QUERY_ITEM.name or delta.nearby is None:
        lost = None if delta.lost is None else run(_of(name, delta.lost, rules), backend)
        return _of(name, delta.events, rules), lost
    before, after = (held(events, backend) for events in _around(delta))
    was, now = (held(_of(name, events, rules), backend) for events in (before, after))
    added, removed = (
        run(these.anti_join(those, list(INTERACTION)), backend) for these, those in ((now, was), (was, now))
    )
    return ibis.memtable(added), removed


def _around(delta: Delta) -> tuple[Table, Table]:
    """The folded events of the users concerned that are near, and the same with the delta."""
    assert delta.nearby is not None
    users = delta.events.select("user_id").distinct()
    if delta.lost is not None:
        users = ibis.union(users, delta.lost.select("user_id").distinct(), distinct=True)
    before = delta.nearby.semi_join(users, "user_id")
    return before, ibis.union(_without(before, delta.lost), delta.events)


def _again(name: str, gone: pa.Table, added: Table, delta: Delta, rules: Rules) -> Table:
    """`added`, but of the pairs in `gone` everything that counts."""
    assert delta.known is not None, "an interaction can only be lost that was folded"
    pairs = ibis.memtable(gone)
    counting = ibis.union(_without(delta.known, delta.lost), delta.events)
    whole = _of(name, _concerned(name, counting, gone), rules).semi_join(pairs, _PAIR)
    return ibis.union(added.anti_join(pairs, _PAIR), whole)


def _concerned(name: str, events: Table, gone: pa.Table) -> Table:
    """The events of all users who may have an interaction of the pairs."""
    sources = ibis.memtable(pa.table({"source_id": pc.unique(gone["source_id"].combine_chunks())}))
    if name != QUERY_ITEM.name:
        return events.semi_join(sources, events["user_id"] == sources["source_id"])
    asked = events.semi_join(sources, events["query"] == sources["source_id"]).select("user_id").distinct()
    return events.semi_join(asked, "user_id")


def _without(events: Table, lost: Table | None) -> Table:
    return events if lost is None else events.anti_join(lost, ["event_id", "revision"])


def _of(name: str, events: Table, rules: Rules) -> Table:
    return interactions(name, events, click_within=rules.click_within)
