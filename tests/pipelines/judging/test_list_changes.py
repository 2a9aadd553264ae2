"""Whose lists changed is told of the users who were judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.hetero import to_hetero
from models.baselines.popularity import Popularity
from models.catalogue import rebuild
from models.evaluation import Examined, examination, examine
from models.ranking import owned_pairs
from pipelines.context import read_context
from pipelines.graphs.files import read_graph
from pipelines.judging.list_changes import ITEMS, TOLD, changes_of, tell_changes
from pipelines.serving.model_files import read_state
from tests.drop import window


@pytest.fixture(scope="module")
def judged(bootstrapped: Path) -> tuple[Examined, Examined, object]:
    """The candidate's lists, those of popularity, and the graph both stood on."""
    context = read_context(
        environment={"TIDEGRAPH_HOME": str(bootstrapped / "var"), "TIDEGRAPH_PARAMS": str(bootstrapped / "params.yaml")}
    )
    graph = read_graph(context.path("graphs", window(4), "cut"))
    hetero = to_hetero(graph)
    asked = examination(owned_pairs(hetero)[:, ::7], hetero, 10)
    popular = Popularity(half_life=7.0)
    popular.fit([], hetero)
    candidate = rebuild(read_state(context.path("updates", window(4), "candidate")), hetero)
    return examine(candidate, asked), examine(popular, asked), graph


def test_nobody_is_told_where_lists_are_equal(judged: tuple) -> None:
    ours, _, graph = judged
    told = tell_changes(changes_of(ours, ours, graph))
    assert (told["mean_overlap"], told["won"], told["lost"]) == (pytest.approx(1), 0, 0)
    assert told["unchanged"] == len(ours.users)
    assert told["winners"] == told["losers"] == []


def test_those_who_changed_most_and_won_or_lost_most_come_first(judged: tuple) -> None:
    ours, theirs, graph = judged
    changes = changes_of(ours, theirs, graph)
    told = tell_changes(changes)
    assert told["most_changed"][0]["overlap"] == changes["overlap"].min()
    assert told["winners"][0]["ndcg_gained"] == changes["ndcg_gained"].max() > 0
    assert len(told["most_changed"]) == TOLD
    assert told["won"] + told["lost"] <= len(changes) == len(ours.users)
    first = told["most_changed"][0]
    assert 0 < len(first["came"]) <= ITEMS and not set(first["came"]) & set(first["went"])
    assert set(changes["user_id"]) <= {f"u{number}" for number in range(120)}
