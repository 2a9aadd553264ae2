"""What ties which nodes: clicks after a query, returns, follows."""

from __future__ import annotations

import pandas as pd
import pytest

from features.graph import InterestGraph
from tests.features.shop import blank, events, fold_days

MINUTE = 1 / 1440


def visit(*rows: tuple, session: str | None = "s1", first: int = 0) -> pd.DataFrame:
    """Rows of (user, item, minute, event type, query)."""
    table = events(*[(user, item, minute * MINUTE, kind) for user, item, minute, kind, _ in rows], first=first)
    queries = pd.Series([row[4] for row in rows], dtype="str")
    return table.assign(query=queries, session_id=pd.Series([session] * len(rows), dtype="str"))


def found(graph: InterestGraph, name: str = "query_item") -> dict[tuple[str, str], int]:
    """Edges of a kind by the ids of their ends, with their number of events."""
    source, target = (graph.nodes(node)["id"].to_pylist() for node in name.split("_"))
    table = graph.edge_table(name)
    pairs = zip(table["source_row"].to_pylist(), table["target_row"].to_pylist(), strict=True)
    return {
        (source[one], target[other]): int(count)
        for (one, other), count in zip(pairs, graph.total_counts(name), strict=True)
    }


def test_what_a_user_turns_to_after_asking_belongs_to_the_latest_query() -> None:
    rows = visit(
        ("ann", None, 0, "search", "hot"),
        ("ann", "tea", 1, "view", None),
        ("ann", None, 2, "search", "cold"),
        ("ann", "ale", 3, "view", None),
        ("ann", "ale", 4, "purchase", None),
    )
    graph = fold_days(blank(), rows, 1)
    assert found(graph) == {("hot", "tea"): 1, ("cold", "ale"): 2}
    assert found(graph, "user_query") == {("ann", "hot"): 1, ("ann", "cold"): 1}


def test_what_comes_too_late_or_in_another_session_or_of_another_user_does_not() -> None:
    asked = visit(("ann", None, 0, "search", "hot"), ("ann", "tea", 31, "view", None))
    elsewhere = visit(("ann", "ale", 1, "view", None), session="s2", first=2)
    other = visit(("bob", "jam", 1, "view", None), first=3)
    assert found(fold_days(blank(), pd.concat([asked, elsewhere, other]), 1)) == {}


def test_without_sessions_the_time_alone_counts() -> None:
    rows = visit(("ann", None, 0, "search", "hot"), ("ann", "tea", 30, "view", None), session=None)
    assert found(fold_days(blank(), rows, 1)) == {("hot", "tea"): 1}


def test_a_late_query_takes_over_the_click_that_an_earlier_one_had() -> None:
    known = visit(("ann", None, 0, "search", "hot"), ("ann", "tea", 9, "view", None))
    late = visit(("ann", None, 5, "search", "cold"), first=2)
    before = fold_days(blank(), known, 1)
    after = fold_days(before, late, 2, known=known, nearby=known)
    assert found(before) == {("hot", "tea"): 1}
    assert found(after) == {("cold", "tea"): 1}


def test_a_return_takes_back_and_what_is_returned_whole_weighs_nothing() -> None:
    kept = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "tea", 0), ("ann", "tea", 0, "return")), 7)
    assert kept.weights().item() == pytest.approx(0.5)
    returned = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "tea", 1, "return")), 7)
    assert returned.weights().item() == 0.0
    assert returned.edge_table("user_item")["count_return"].to_pylist() == [1]


def test_a_query_that_comes_late_counts_events_of_other_types_as_found_by_it() -> None:
    known = visit(("ann", "ale", 9, "view", None))
    late = visit(("ann", "tea", 8, "purchase", "hot"), first=5)
    before = fold_days(blank(), known, 1)
    after = fold_days(before, late, 2, known=known, nearby=known)
    assert found(after) == {("hot", "tea"): 1, ("hot", "ale"): 1}
