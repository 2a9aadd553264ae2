"""Events to interactions: one row for each time that an event ties two nodes."""

from __future__ import annotations

from collections.abc import Callable

import ibis
from ibis.expr.types import Table

from features.kinds import QUERY_ITEM, USER_ITEM, USER_QUERY, USER_USER

EVENT_COLUMNS = (
    "event_id", "revision", "user_id", "item_id", "session_id", "event_type", "query", "target_user_id", "at",
)  # fmt: skip
"""What a graph asks of an event; `at` is int64 µs."""
INTERACTION = ("source_id", "target_id", "event_type", "at", "event_id", "revision")


def interactions(name: str, events: Table, *, click_within: int) -> Table:
    """INTERACTION rows of one edge kind among `events` (EVENT_COLUMNS).

    `user_item`: each event with an item. `user_query`: each with a query. `user_user`: each that names another user.
    `query_item`: each event with an item, at most `click_within` µs after the latest query of that user and session.
    """
    return _OF[name](events, click_within)


def _between(source: str, target: str) -> Callable[[Table, int], Table]:
    def pairs(events: Table, _: int) -> Table:
        return _named(events.filter(events[target].notnull()), source, target)

    return pairs


def _clicked(events: Table, click_within: int) -> Table:
    asked = events.filter(events["query"].notnull())
    sessions = asked.select("user_id", session=asked["session_id"].fill_null("")).distinct()
    visits = events.mutate(session=events["session_id"].fill_null(""))
    visits = visits.semi_join(sessions, ["user_id", "session"])
    # the running number of queries tells which one is the latest; an event that brings its own query comes after it
    asks = visits["query"].notnull().cast("int64")
    order = [visits["at"], ibis.desc(asks), visits["event_id"], visits["revision"]]
    so_far = ibis.window(group_by=["user_id", "session"], order_by=order, preceding=None, following=0)
    numbered = visits.mutate(number=asks.sum().over(so_far))
    queries = numbered.filter(numbered["query"].notnull())
    queries = queries.select("user_id", "session", "number", latest="query", asked_at="at")
    clicks = numbered.filter(numbered["item_id"].notnull()).drop("query")
    found = clicks.inner_join(queries, ["user_id", "session", "number"])
    return _named(found.filter(found["at"] - found["asked_at"] <= click_within), "latest", "item_id")


def _named(rows: Table, source: str, target: str) -> Table:
    return rows.select(*INTERACTION[2:], source_id=source, target_id=target).select(*INTERACTION)


_OF: dict[str, Callable[[Table, int], Table]] = {
    USER_ITEM.name: _between("user_id", "item_id"),
    USER_QUERY.name: _between("user_id", "query"),
    QUERY_ITEM.name: _clicked,
    USER_USER.name: _between("user_id", "target_user_id"),
}
