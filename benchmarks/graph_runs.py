"""One measured run of the graph's benchmark, in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from benchmarks.graph_events import SPAN_US, START_US
from features.backend import held
from features.delta import Delta, item_table, once, user_table
from features.fold import fold
from features.graph import InterestGraph, compact, empty_graph
from features.kinds import BY_NAME, USER_ITEM
from features.rules import DAY_US
from features.schema import empty
from pipelines.context import Context, read_context
from pipelines.engines.choosing import open_engine
from pipelines.graphs.files import check_graph_folder, read_graph, write_graph

END = datetime.fromtimestamp((START_US + SPAN_US) // 1_000_000, UTC)
LATER = datetime.fromtimestamp((START_US + SPAN_US) // 1_000_000 + 7200, UTC)
RECENT_US = 7 * DAY_US
"""How far back a late event may reach: what a delta may repeat, or share a session with, lies within it."""


def group_by(folder: Path, _: Context) -> None:
    """The same edges by hand, in plain SQL over the file: one GROUP BY a kind of edge, ids instead of rows."""
    rules = read_context().params.refresh.rules()
    cases = " ".join(f"WHEN '{name}' THEN {weight}" for name, weight in rules.event_weights.items())
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1; SET memory_limit = '2GB'")
        connection.execute(
            f"CREATE VIEW events AS SELECT * RENAME (\"at\" AS happened) FROM '{folder / 'history.parquet'}'"
        )
        for name, (source, target, rows) in _PAIRS.items():
            sums = ", ".join(
                f"sum((CASE event_type {cases} ELSE 0 END) * pow(2.0, (happened - {START_US})::DOUBLE / {span}))"
                for span in rules.half_lives[name]
            )
            counts = ", ".join(
                f"count(*) FILTER (event_type = '{each}')" for each in ("view", "cart", "purchase", "return")
            )
            columns = f"{source}, {target}, {counts}, min(happened), max(happened), {sums}"
            connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM ({rows}) GROUP BY ALL")


_PAIRS = {
    "user_item": ("user_id", "item_id", "SELECT * FROM events WHERE item_id IS NOT NULL"),
    "user_query": ("user_id", "query", "SELECT * FROM events WHERE query IS NOT NULL"),
    "query_item": (
        "asked",
        "item_id",
        "SELECT last_value(query IGNORE NULLS) OVER (PARTITION BY user_id, session_id ORDER BY happened, event_id) "
        "AS asked, * EXCLUDE (query) FROM events WHERE (user_id, session_id) IN "
        "(SELECT (user_id, session_id) FROM events WHERE query IS NOT NULL) QUALIFY asked IS NOT NULL",
    ),
}


def rebuild(folder: Path, context: Context) -> None:
    """All events into a graph, and the graph to disk."""
    graph = empty_graph(epoch=datetime.fromtimestamp(START_US // 1_000_000, UTC), rules=context.params.refresh.rules())
    with open_engine(context) as backend:
        graph = fold(graph, _delta(folder / "history.parquet", backend), as_of=END, backend=backend)
    write_graph(folder / "graph", graph, about={})


def fold_in(folder: Path, context: Context) -> None:
    """A delta into the graph on disk, and the new graph to disk."""
    with open_engine(context) as backend:
        known = backend.read_parquet(str(folder / "history.parquet"))
        recent = known.filter(known["at"] >= START_US + SPAN_US - RECENT_US)
        came = _delta(folder / "delta.parquet", backend)
        events = held(once(came.events, recent), backend)
        came = replace(came, events=events, known=known, nearby=held(_near(recent, events), backend))
        graph = fold(read_graph(folder / "graph"), came, as_of=LATER, backend=backend)
    write_graph(folder / "after", graph, about={})


def make_one(folder: Path, context: Context) -> None:
    """The folded graph's segments made one, and written."""
    write_graph(folder / "compact", compact(read_graph(folder / "after")), about={})


def open_graph(folder: Path, _: Context) -> None:
    """Open, and touch the first and last row of every column of the user–item edges."""
    table = read_graph(folder / "graph").edge_table(USER_ITEM.name)
    for column in table.columns:
        column[0], column[len(column) - 1]


def check(folder: Path, _: Context) -> None:
    """Every byte, as an update does before it folds."""
    check_graph_folder(folder / "graph")


def _near(recent: Table, events: Table) -> Table:
    return recent.semi_join(events.select("user_id").distinct(), "user_id")


def _delta(path: Path, backend: BaseBackend) -> Delta:
    return Delta(backend.read_parquet(str(path)), user_table(empty("users")), item_table(empty("items")))


RUNS: dict[str, Callable[[Path, Context], None]] = {
    "group_by": group_by, "rebuild": rebuild, "fold": fold_in, "compact": make_one, "open": open_graph, "check": check,
}  # fmt: skip


def edges_of(folder: Path) -> dict[str, int]:
    graph: InterestGraph = read_graph(folder / "graph")
    return {name: len(graph.edge_table(name)) for name in BY_NAME}


def main(name: str, folder: str) -> None:
    context = read_context()
    with open_engine(context) as backend:  # what is loaded once a process, whatever it then does, is no run's cost
        held(user_table(empty("users")), backend)
    started, wall = time.process_time(), time.perf_counter()
    RUNS[name](Path(folder), context)
    spent = {"cpu_seconds": time.process_time() - started, "wall_seconds": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(spent | {"peak_rss_gib": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
