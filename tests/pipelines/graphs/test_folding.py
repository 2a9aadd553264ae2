"""Folding what windows bring: late events and corrections end where building from all that is known would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.graph import InterestGraph
from features.schema import EVENTS, empty
from pipelines.context import Context
from pipelines.files import write_table
from pipelines.graphs.folding import fold_through, rebuild, start_graph
from pipelines.params.shape import Params
from pipelines.settings import read_settings
from tests.drop import small_params

WINDOWS = 4
CUT = timedelta(days=3)
WEIGHTS = small_params()["refresh"]["event_weights"]

_EVENT = st.tuples(
    st.sampled_from(["ann", "bob", "cy"]),
    st.sampled_from(["tea", "ale", "jam"]),
    st.integers(0, WINDOWS * 7 - 1),  # day on which it happened
    st.integers(0, 2),  # windows until it arrived
    st.sampled_from(["purchase", "view"]),
)
_CORRECTION = st.tuples(
    st.integers(0, 11),  # which event
    st.sampled_from(["tea", "ale", "jam"]),
    st.integers(0, 9),  # days after it
    st.integers(0, 2),
    st.sampled_from(["return", "purchase"]),
)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    settings_ = read_settings({"TIDEGRAPH_HOME": str(tmp_path_factory.mktemp("home"))})
    return Context(settings_, Params.model_validate(small_params()))


def lay_out(context: Context, rows: list, corrections: list) -> pd.DataFrame:
    """Write partitions with these events as if each had arrived when it did; gives all rows with `arrived`."""
    origin, length = pd.Timestamp(context.calendar.origin), context.calendar.length
    table = []
    for number, (user, item, day, delay, kind) in enumerate(rows):
        at = origin + timedelta(days=day, minutes=number)
        table.append((f"e{number}", user, item, kind, at, 0, min(day // 7 + delay, WINDOWS - 1)))
    for number, (which, item, days, delay, kind) in enumerate(corrections):
        first = table[which % len(rows)]
        at = min(first[4] + timedelta(days=days, seconds=number), origin + WINDOWS * length - timedelta(seconds=1))
        arrived = min(max(first[6], (at - origin) // length + delay), WINDOWS - 1)
        table.append((first[0], first[1], item, kind, at, number + 1, arrived))
    names = ["event_id", "user_id", "item_id", "event_type", "occurred_at", "revision", "arrived"]
    events = pd.DataFrame(table, columns=names).drop_duplicates(["event_id", "revision"])
    write(context, events)
    return events


def write(context: Context, events: pd.DataFrame) -> None:
    for path in context.path("registry", "partitions").glob("*/*.parquet"):
        path.unlink()
    belongs = (events["occurred_at"] - pd.Timestamp(context.calendar.origin)) // context.calendar.length
    for index in range(WINDOWS):
        folder = context.path("registry", "partitions", context.calendar.at(index).name)
        mine = events[belongs == index]
        for arrived in range(index, WINDOWS):
            part = mine[mine["arrived"] == arrived].reindex(columns=list(EVENTS)).astype(EVENTS)
            name = "events" if arrived == index else f"late-{context.calendar.at(arrived).name}"
            if arrived == index or len(part):
                write_table(folder / f"{name}.parquet", part)
        for table in ("users", "items"):
            write_table(folder / f"{table}.parquet", empty(table))


def expected(context: Context, events: pd.DataFrame, instant: datetime, known_by: int) -> dict:
    """For each pair count, first, last and weight, from all rows at once."""
    known = events[events["arrived"] <= known_by].reset_index(drop=True)
    before = known[known["occurred_at"] < pd.Timestamp(instant)]
    alive = before.sort_values("revision", kind="stable").drop_duplicates("event_id", keep="last")
    half_life = context.params.refresh.half_lives["user_item"][0] / timedelta(days=1)
    age = (pd.Timestamp(instant) - alive["occurred_at"]) / timedelta(days=1)
    weights = np.array([WEIGHTS[kind] for kind in alive["event_type"]], dtype=float)
    alive = alive.assign(weight=weights * np.exp2(-age / half_life))
    found = alive.groupby(["user_id", "item_id"]).agg(
        count=("weight", "size"), first=("occurred_at", "min"), last=("occurred_at", "max"), weight=("weight", "sum")
    )
    found["weight"] = found["weight"].clip(lower=0)  # what was returned weighs nothing, not less
    return {pair: tuple(row) for pair, row in zip(found.index, found.itertuples(index=False), strict=True)}


def edges_of(graph: InterestGraph) -> dict:
    edges, weights = graph.edges, graph.weights()[:, 0]
    users = graph.users["user_id"].to_numpy()[edges["user_row"]]
    items = graph.items["item_id"].to_numpy()[edges["item_row"]]
    first, last = (pd.to_datetime(edges[name], unit="us", utc=True) for name in ("first_at", "last_at"))
    rows = zip(edges["count"], first, last, weights, strict=True)
    return dict(zip(zip(users, items, strict=True), rows, strict=True))


def assert_same(found: dict, wanted: dict) -> None:
    assert {pair: row[:3] for pair, row in found.items()} == {pair: row[:3] for pair, row in wanted.items()}
    assert [found[pair][3] for pair in wanted] == pytest.approx(
        [row[3] for row in wanted.values()], rel=1e-9, abs=1e-12
    )


def fold_each_window(context: Context) -> list[tuple[datetime, InterestGraph]]:
    """As updates do it: window by window, to the cut and to the end."""
    graph, graphs = start_graph(context), []
    for window in (context.calendar.at(index) for index in range(WINDOWS)):
        instants = [window.end - CUT, window.end]
        folded = list(fold_through(context, graph, [window], instants))
        graphs += list(zip(instants, folded, strict=True))
        graph = folded[-1]
    return graphs


def folding_equals_all_that_was_known(context: Context, rows: list, corrections: list) -> None:
    events = lay_out(context, rows, corrections)
    for place, (instant, graph) in enumerate(fold_each_window(context)):
        assert_same(edges_of(graph), expected(context, events, instant, known_by=place // 2))


def a_rebuild_numbers_nodes_as_the_updates_did(context: Context, rows: list, corrections: list) -> None:
    lay_out(context, rows, corrections)
    graphs = fold_each_window(context)
    rebuilt = list(rebuild(context, [instant for instant, _ in graphs]))
    for (_, graph), again in zip(graphs, rebuilt, strict=True):
        assert list(graph.users["user_id"]) == list(again.users["user_id"])
        assert list(graph.items["item_id"]) == list(again.items["item_id"])
        assert_same(edges_of(again), edges_of(graph))
    alone = [next(rebuild(context, [instant])) for instant, _ in graphs]
    for one, (_, graph) in zip(alone, graphs, strict=True):
        assert_same(edges_of(one), edges_of(graph))


def rows_never_move(context: Context, rows: list, corrections: list) -> None:
    lay_out(context, rows, corrections)
    for (_, before), (_, after) in pairwise(fold_each_window(context)):
        assert list(after.users["user_id"])[: len(before.users)] == list(before.users["user_id"])
        assert list(after.items["item_id"])[: len(before.items)] == list(before.items["item_id"])


def hold(check: Callable[..., None], context: Context, *, examples: int) -> None:
    """Hold `check` on that many histories of events and corrections."""

    @settings(max_examples=examples, deadline=None)
    @given(rows=st.lists(_EVENT, min_size=1, max_size=12), corrections=st.lists(_CORRECTION, max_size=5))
    def each(rows: list, corrections: list) -> None:
        check(context, rows, corrections)

    each()


CHECKS = [folding_equals_all_that_was_known, a_rebuild_numbers_nodes_as_the_updates_did, rows_never_move]


@pytest.mark.parametrize("check", CHECKS)
def test_folding_late_and_corrected_events(check: Callable[..., None], context: Context) -> None:
    hold(check, context, examples=8)


@pytest.mark.deep
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("check", CHECKS)
def test_folding_late_and_corrected_events_over_many_histories(check: Callable[..., None], context: Context) -> None:
    hold(check, context, examples=300)


def test_what_arrives_later_changes_no_graph_of_before(context: Context) -> None:
    rows = [("ann", "tea", 1, 0, "purchase"), ("bob", "ale", 9, 0, "purchase"), ("cy", "jam", 2, 1, "purchase")]
    lay_out(context, rows, [])
    seen = next(rebuild(context, [context.calendar.at(0).end]))
    lay_out(context, rows[:2], [])
    alone = next(rebuild(context, [context.calendar.at(0).end]))
    for name in ("users", "items", "edges"):
        pd.testing.assert_frame_equal(getattr(seen, name), getattr(alone, name))


def test_a_correction_counts_from_the_moment_it_happened(context: Context) -> None:
    lay_out(context, [("ann", "tea", 1, 0, "purchase")], [(0, "ale", 4, 0, "purchase")])
    origin = context.calendar.origin
    before, after = rebuild(context, [origin + timedelta(days=3), origin + timedelta(days=7)])
    assert set(edges_of(before)) == {("ann", "tea")}
    assert set(edges_of(after)) == {("ann", "ale")}


def test_a_snapshot_of_before_there_were_revisions_is_still_read(context: Context) -> None:
    lay_out(context, [("ann", "tea", 1, 0, "purchase")], [])
    path = context.path("registry", "partitions", context.calendar.at(0).name, "events.parquet")
    write_table(path, pd.read_parquet(path).drop(columns=["revision", "extras", "target_user_id"]))
    graph = next(rebuild(context, [context.calendar.at(0).end]))
    assert set(edges_of(graph)) == {("ann", "tea")}
    assert len(graph.edge_table("user_user")) == 0


def test_snapshots_of_before_and_since_users_could_be_named_are_read_together(context: Context) -> None:
    rows = lay_out(context, [("ann", "tea", 1, 0, "purchase"), ("bob", "tea", 8, 0, "purchase")], [])
    write(context, rows.assign(target_user_id="cy"))
    path = context.path("registry", "partitions", context.calendar.at(0).name, "events.parquet")
    write_table(path, pd.read_parquet(path).drop(columns=["target_user_id"]))
    graph = next(rebuild(context, [context.calendar.at(1).end]))
    ties, ids = graph.edge_table("user_user"), graph.nodes("user")["id"].to_pylist()
    assert [ids[row] for row in ties["source_row"].to_pylist()] == ["bob"]
    assert [ids[row] for row in ties["target_row"].to_pylist()] == ["cy"]
