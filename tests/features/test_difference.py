"""What a window changed."""

from __future__ import annotations

from features.difference import compare
from tests.features.shop import blank, events, fold_days


def test_edges_are_born_strengthened_or_faded() -> None:
    before = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "ale", 0)), as_of_day=7)
    after = fold_days(before, events(("ann", "tea", 8), ("bob", "jam", 9)), as_of_day=14)
    delta = compare(before, after)
    assert (delta.edges_born, delta.edges_strengthened, delta.edges_faded, delta.edges_expired) == (1, 1, 1, 0)
    assert (delta.users_born, delta.items_born) == (1, 1)


def test_a_graph_differs_from_itself_in_nothing() -> None:
    graph = fold_days(blank(7), events(("ann", "tea", 0)), as_of_day=7)
    assert set(compare(graph, graph).to_dict().values()) == {0}
