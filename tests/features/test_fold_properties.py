"""The graph's contract: folding deltas in any batching equals building from scratch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, product

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from features.activity import activity
from features.difference import compare
from features.graph import InterestGraph, microseconds
from features.kinds import FOLDED, NODES
from features.numbering import number_like
from features.proof import prove
from tests.features.histories import History, at_once, histories, one_by_one
from tests.features.shop import START

MANY, PARTS = 2_000, 4


def folding_equals_building_from_scratch(history: History) -> None:
    proof = prove(history.folded[-1], history.built)
    assert proof.holds, proof


def making_segments_one_changes_nothing(history: History) -> None:
    assert prove(history.folded[-1], one_by_one(history, compacting=True)[-1]).holds


def rows_never_move_and_ids_map_both_ways(history: History) -> None:
    for before, after in pairwise(history.folded):
        for node in NODES:
            old, new = before.nodes(node), after.nodes(node)
            assert new["row"].to_pylist() == list(range(len(new)))
            kept = new["id"].to_pylist()[: len(old)]
            assert all(now in (then, None) for now, then in zip(kept, old["id"].to_pylist(), strict=True))
            named = [each for each in new["id"].to_pylist() if each is not None]
            assert len(named) == len(set(named))


def planted_future_events_change_no_byte(history: History) -> None:
    """Events and catalogue rows at or after the instant are not seen; what is folded once more has the same bytes."""
    for with_future, without in zip(replace(history, planted=True).folded, history.folded, strict=True):
        assert tables(with_future) == tables(without)


def admission_and_expiry_do_not_depend_on_batches(history: History) -> None:
    for node in ("user", "item", "query"):
        assert in_use(history.folded[-1], node) == in_use(history.built, node)
    assert compare(history.built, history.built).edges_expired == 0


def a_rebuild_can_take_over_the_rows_of_any_graph_before(history: History) -> None:
    """Also one from before an erasure, which the rebuild has carried out; as of an earlier instant, too."""
    asked = history.all_asked_before()
    until = {user: microseconds(START + timedelta(days=day)) for user, (day, _) in history.erased.items()}
    last = history.built if asked.erased == history.erased else asked.built
    rebuilt = [*(at_once(asked, batch) for batch in range(len(history.days) - 1)), last]
    assert prove(number_like(rebuilt[-1], history.folded[0], until), rebuilt[-1]).holds
    for built, like in product(rebuilt, history.folded):
        graph = number_like(built, like, until)
        for node in NODES:
            old, new = like.nodes(node).to_pylist(), graph.nodes(node)["id"].to_pylist()
            assert all(now in (then["id"], None) for now, then in zip(new, old, strict=False))
            gone = {then["id"] for then in old if node == "user" and then["since"] < until.get(then["id"], 0)}
            known = {then["id"] for then in old} - gone
            assert not known & set(new[len(old) :]) - {None}
            assert len(new) >= sum(1 for then in old if then["since"] < graph.as_of)


def tables(graph: InterestGraph) -> list[pa.Table]:
    nodes = [graph.nodes(node) for node in NODES]
    return [*nodes, *(graph.attributes(node) for node in ("user", "item")), *(graph.edge_table(k.name) for k in FOLDED)]


def in_use(graph: InterestGraph, node: str) -> set[str]:
    ids = graph.nodes(node)["id"].to_pylist()
    return {id_ for id_, active in zip(ids, activity(graph, node).active, strict=True) if active}


CHECKS = [
    folding_equals_building_from_scratch,
    making_segments_one_changes_nothing,
    rows_never_move_and_ids_map_both_ways,
    planted_future_events_change_no_byte,
    admission_and_expiry_do_not_depend_on_batches,
    a_rebuild_can_take_over_the_rows_of_any_graph_before,
]


def hold(
    checks: Sequence[Callable[[History], None]], drawn: st.SearchStrategy[History], examples: int, part: int = 0
) -> None:
    """Each of `checks` on each of so many histories; another `part` draws others."""

    @seed(part)
    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(history=drawn)
    def each(history: History) -> None:
        for check in checks:
            check(history)

    each()


@pytest.mark.parametrize("check", CHECKS)
def test_over_a_few_histories(check: Callable[[History], None]) -> None:
    hold([check], histories(), 6)


@pytest.mark.deep
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_over_many_histories(part: int) -> None:
    """MANY histories for each check; all checks look at the same ones, as folding them is what takes time."""
    hold(CHECKS, histories(), MANY // PARTS, part)
