"""Folding: decay, order of rows, and the graph's contract: folding equals rebuilding."""

from __future__ import annotations

from datetime import timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.backend import local_backend
from features.delta import Delta, item_table, user_table
from features.fold import fold
from features.graph import microseconds
from features.interactions import EVENT_COLUMNS
from features.schema import empty
from tests.features.shop import START, blank, events, fold_days, items


def test_an_event_one_half_life_old_counts_half() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0)), as_of_day=7)
    assert graph.weights().item() == pytest.approx(0.5)


def test_a_view_weighs_what_its_event_type_weighs() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 7, "view")), as_of_day=7.0001)
    assert graph.weights().item() == pytest.approx(0.1, rel=1e-4)


def test_a_search_without_item_makes_a_user_but_no_edge() -> None:
    graph = fold_days(blank(), events(("ann", None, 1, "search"), ("bob", "tea", 1)), as_of_day=2)
    assert list(graph.users["user_id"]) == ["ann", "bob"]
    assert len(graph.edges) == 1


def test_known_rows_stay_and_new_ones_are_appended_by_first_appearance() -> None:
    first = fold_days(blank(), events(("zoe", "tea", 0)), as_of_day=1)
    second = fold_days(first, events(("bob", "ale", 1.2), ("ann", "tea", 1.1)), as_of_day=2)
    assert list(second.users["user_id"]) == ["zoe", "ann", "bob"]


def test_a_catalogue_row_is_seen_from_its_validity_on() -> None:
    catalogue = items(("tea", "drinks", 0), ("tea", "hot drinks", 5))
    assert fold_days(blank(), events(("ann", "tea", 1)), 3, catalogue).items["category"].item() == "drinks"
    assert fold_days(blank(), events(("ann", "tea", 1)), 6, catalogue).items["category"].item() == "hot drinks"


def test_folding_back_in_time_is_refused() -> None:
    graph = fold_days(blank(), events(("ann", "tea", 1)), as_of_day=5)
    with pytest.raises(ValueError, match="back in time"):
        fold_days(graph, events(("ann", "tea", 1)), as_of_day=4)


def test_ten_years_of_folding_stay_finite_and_equal_to_the_sum() -> None:
    graph = blank(7)
    for year in range(10):
        graph = fold_days(graph, events(("ann", "tea", year * 365 + 1)), as_of_day=(year + 1) * 365)
    assert np.isfinite(graph.edges[graph.weight_columns].to_numpy()).all()
    assert graph.weights().item() == pytest.approx(2 ** (-364 / 7), rel=1e-9)


def test_a_user_with_a_million_events_is_folded_like_any_other() -> None:
    """One session, and every other event a query: pairs of queries and clicks do not grow with its square."""
    many, asks = 1_000_000, np.arange(1_000_000) % 2 == 0
    rows = pa.table(
        {
            "event_id": np.char.add("e", np.arange(many).astype("str")),
            "revision": np.zeros(many, dtype=np.int64),
            "user_id": pa.array(["bot"]).take(pa.array(np.zeros(many, dtype=np.int32))),
            "item_id": pa.array(["tea"]).take(pa.array(np.zeros(many, dtype=np.int32), mask=asks)),
            "session_id": pa.array(["s"]).take(pa.array(np.zeros(many, dtype=np.int32))),
            "event_type": pa.array(["view", "search"]).take(pa.array(asks.astype(np.int32))),
            "query": pa.array(["hot"]).take(pa.array(np.zeros(many, dtype=np.int32), mask=~asks)),
            "target_user_id": pa.nulls(many, pa.string()),
            "at": microseconds(START) + np.arange(many) * 1_000_000,
        }
    )
    delta = Delta(ibis.memtable(rows.select(EVENT_COLUMNS)), user_table(empty("users")), item_table(empty("items")))
    with local_backend() as backend:
        graph = fold(blank(), delta, as_of=START + timedelta(days=20), backend=backend)
    for name, event_type in (("user_item", "view"), ("user_query", "search"), ("query_item", "view")):
        assert graph.edge_table(name)[f"count_{event_type}"].to_pylist() == [many // 2]


_EVENT = st.tuples(
    st.sampled_from(["ann", "bob", "cy"]),
    st.sampled_from(["tea", "ale", "jam", "rye"]),
    st.floats(0, 59.99, allow_nan=False),
    st.sampled_from(["purchase", "view"]),
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(_EVENT, min_size=1, max_size=25), cuts=st.lists(st.integers(1, 59), max_size=4, unique=True))
def test_folding_deltas_one_by_one_equals_building_from_scratch(rows: list, cuts: list[int]) -> None:
    table = events(*rows)
    whole = fold_days(blank(7, 56), table, as_of_day=60)
    folded, after = blank(7, 56), table["occurred_at"].min() - pd.Timedelta(days=1)
    for day in [*sorted(cuts), 60]:
        until = pd.Timestamp(whole.epoch, unit="us", tz="UTC") + timedelta(days=day)
        delta = table[(table["occurred_at"] > after) & (table["occurred_at"] < until)]
        after = until - pd.Timedelta(microseconds=1)
        folded = fold_days(folded, delta, as_of_day=day)
    exact = ["user_row", "item_row", "count", "first_at", "last_at"]
    pd.testing.assert_frame_equal(folded.edges[exact], whole.edges[exact])
    pd.testing.assert_frame_equal(folded.users, whole.users)
    pd.testing.assert_frame_equal(folded.items, whole.items)
    np.testing.assert_allclose(folded.weights(), whole.weights(), rtol=1e-9)


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(_EVENT, min_size=1, max_size=15), cut=st.integers(1, 59))
def test_events_at_or_after_the_instant_change_nothing(rows: list, cut: int) -> None:
    past = [row for row in rows if row[2] < cut] or [("ann", "tea", 0.0, "purchase")]
    future = [row for row in rows if row[2] >= cut] + [("new", "thing", float(cut), "purchase")]
    seen = fold_days(blank(), events(*past, *future), as_of_day=cut)
    alone = fold_days(blank(), events(*past), as_of_day=cut)
    for name in ("users", "items", "edges"):
        pd.testing.assert_frame_equal(getattr(seen, name), getattr(alone, name))


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(_EVENT, min_size=2, max_size=15), seed=st.integers(0, 99))
def test_late_events_give_the_same_edges_by_id(rows: list, seed: int) -> None:
    table = events(*rows)
    late = table.sample(frac=0.5, random_state=seed)
    folded = fold_days(fold_days(blank(), table.drop(late.index), as_of_day=60), late, as_of_day=61)
    whole = fold_days(blank(), table, as_of_day=61)
    np.testing.assert_allclose(_by_id(folded), _by_id(whole), rtol=1e-9)


def _by_id(graph):  # type: ignore[no-untyped-def]
    table = graph.edges.assign(
        user=graph.users["user_id"].to_numpy()[graph.edges["user_row"]],
        item=graph.items["item_id"].to_numpy()[graph.edges["item_row"]],
        weight=graph.weights()[:, 0],
    )
    return table.sort_values(["user", "item"])[["count", "first_at", "last_at", "weight"]].to_numpy(float)


def test_many_events_fold_to_the_same_graph_as_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = events(("ann", "tea", 0), ("ann", "tea", 3), ("bob", "ale", 5), ("bob", "ale", 9))
    held = fold_days(blank(7), rows, as_of_day=8)
    monkeypatch.setattr("features.fold.HELD_ROWS", 1)
    for _ in range(2):
        assert fold_days(blank(7), rows, as_of_day=8).edge_table("user_item") == held.edge_table("user_item")


def test_a_delta_without_rows_makes_the_same_graph_older() -> None:
    before = fold_days(blank(7), events(("ann", "tea", 0)), as_of_day=7)
    after = fold_days(before, events(("ann", "tea", 0)).head(0), as_of_day=14)
    assert after.edge_table("user_item") == before.edge_table("user_item")
    assert after.weights() == pytest.approx(before.weights() / 2)


def test_a_user_of_very_many_events_is_summed_like_any_other() -> None:
    rows = events(*(("bot", f"i{number % 50}", number / 4_000, "view") for number in range(20_000)))
    graph = fold_days(blank(7), rows, as_of_day=5)
    assert graph.edges["count"].tolist() == [400] * 50
