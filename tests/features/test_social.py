"""The social channel: events that name another user tie users to users."""

from __future__ import annotations

import pandas as pd
import pytest

from features.graph import InterestGraph
from features.hetero import to_hetero
from features.kinds import USER_USER
from features.proof import prove
from tests.features.shop import blank, events, fold_days


def follow(user: str, target: str, day: float, *, number: int = 0) -> pd.DataFrame:
    return events((user, None, day, "follow"), first=number, target_user_id=target)


def ties(graph: InterestGraph) -> dict[tuple[str, str], float]:
    """Weight of each tie, by the ids of its users."""
    table, ids = graph.edge_table(USER_USER.name), graph.nodes("user")["id"].to_pylist()
    pairs = [
        (ids[s], ids[t]) for s, t in zip(*(table[c].to_pylist() for c in ("source_row", "target_row")), strict=True)
    ]
    return dict(zip(pairs, graph.weights(USER_USER.name)[:, 0].tolist(), strict=True))


def test_a_follow_ties_a_user_to_another_and_makes_both_nodes() -> None:
    graph = fold_days(blank(7), follow("ann", "bob", 1), as_of_day=1 + 1e-9)
    assert graph.nodes("user")["id"].to_pylist() == ["ann", "bob"]
    assert ties(graph) == {("ann", "bob"): pytest.approx(0.5)}
    assert len(graph.edges) == 0


def test_a_tie_leads_one_way() -> None:
    graph = fold_days(blank(7), follow("ann", "bob", 1), as_of_day=2)
    assert to_hetero(graph)["user", "follows", "user"].edge_index.tolist() == [[0], [1]]


def test_a_tie_fades() -> None:
    graph = fold_days(blank(7), follow("ann", "bob", 1), as_of_day=8)
    assert ties(graph) == {("ann", "bob"): pytest.approx(0.25)}


def test_a_share_of_an_item_ties_to_the_item_and_to_the_user() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 1, "purchase"), target_user_id="bob"), as_of_day=2)
    assert list(ties(graph)) == [("ann", "bob")]
    assert graph.edges["item_row"].tolist() == [0]


def test_who_is_only_followed_gets_a_row_when_first_named() -> None:
    graph = fold_days(blank(7), pd.concat([follow("zoe", "bob", 1), events(("ann", "tea", 2), first=1)]), as_of_day=3)
    assert graph.nodes("user")["id"].to_pylist() == ["bob", "zoe", "ann"]


def test_folding_ties_one_by_one_equals_building_from_scratch() -> None:
    tables = [follow("ann", "bob", 1), follow("bob", "ann", 8, number=1), follow("ann", "bob", 15, number=2)]
    folded = blank(7)
    for table, day in zip(tables, (7, 14, 21), strict=True):
        folded = fold_days(folded, table, as_of_day=day)
    assert prove(folded, fold_days(blank(7), pd.concat(tables), as_of_day=21)).holds
    assert len(ties(folded)) == 2
