"""Events for the graph's benchmark, made by one SQL statement: a shop with favourites, searches and returns."""

from __future__ import annotations

from pathlib import Path

import duckdb

USERS, ITEMS, OWN = 200_000, 50_000, 40
"""Users, items, and how many items each user keeps coming back to."""
START_US = 1_672_531_200_000_000
SPAN_US = 365 * 86_400_000_000
"""10 million events take this long; more events go back further, over the same users and items."""
_TYPES = "['view', 'view', 'view', 'view', 'view', 'cart', 'cart', 'purchase', 'purchase', 'return']"


def write_history(path: Path, events: int) -> Path:
    """`events` events in order of time up to the same instant, eight in ten about one of the user's own items."""
    at = f"({START_US + SPAN_US} - ({events} - i) * {SPAN_US // 10_000_000})::BIGINT"
    return _write(path, f"SELECT {_columns('e', 'i')}, {at} AS at FROM range({events}) t(i)")


def write_delta(path: Path, events: int) -> Path:
    """`events` of the two hours after: one in ten late by up to five days, one in twenty said twice, one in twenty of
    a new user, and one in twenty about a new item."""
    late = f"CASE WHEN hash(i, 25) % 10 = 0 THEN hash(i, 26) % {5 * 86_400_000_000} ELSE 0 END"
    user = "CASE WHEN hash(i, 21) % 20 = 0 THEN 'new' || (hash(i, 22) % 2000) ELSE user_id END"
    item = "CASE WHEN hash(i, 23) % 20 = 0 THEN 'fresh' || (hash(i, 24) % 500) ELSE item_id END"
    once, twice = events - events // 20, events // 20
    return _write(
        path,
        f"""
        WITH made AS (SELECT i, {_columns("d", "i + 77")} FROM range({once}) t(i)),
             new AS (
                SELECT * EXCLUDE (i) REPLACE ({user} AS user_id, {item} AS item_id),
                       ({START_US + SPAN_US} + i * 70000 - {late})::BIGINT AS at FROM made
             )
        SELECT * FROM new UNION ALL (SELECT * FROM new ORDER BY hash(event_id) LIMIT {twice})
        """,
    )


def _columns(prefix: str, number: str) -> str:
    """All but the time: eight events in a row are a session of one user; one event in twenty brings a query."""
    query = f"CASE WHEN hash({number}, 9) % 20 = 0 THEN 'query ' || (hash({number}, 10) % 5000) END"
    return (
        f"'{prefix}' || i AS event_id, 0::BIGINT AS revision, {_user(number)} AS user_id, {_item(number)} AS item_id, "
        f"'s' || (({number}) // 8) AS session_id, {_type(number)} AS event_type, {query} AS query, "
        "NULL::VARCHAR AS target_user_id"
    )


def _user(number: str) -> str:
    return f"'u' || ((hash(({number}) // 8, 3) % {USERS})::BIGINT)"


def _item(number: str) -> str:
    own = f"hash(hash(({number}) // 8, 3) % {USERS}, hash({number}, 5) % {OWN}) % {ITEMS}"
    return f"'i' || (CASE WHEN hash({number}, 6) % 10 < 8 THEN {own} ELSE hash({number}, 7) % {ITEMS} END)"


def _type(number: str) -> str:
    return f"({_TYPES})[(1 + hash({number}, 8) % 10)::BIGINT]"


def _write(path: Path, query: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SET preserve_insertion_order = true")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path
