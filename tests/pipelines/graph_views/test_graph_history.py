"""`tidegraph graph history`: what became of a user, window by window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands.graph import app
from pipelines.context import read_context
from pipelines.errors import UnknownUserError
from pipelines.graphs.files import write_graph
from tests.features.shop import blank, events, fold_days, items
from tests.typed import typed

WINDOWS = ("2024-01-07", "2024-01-14", "2024-01-21")


@pytest.fixture(autouse=True)
def graphs(home: Path) -> None:
    """Three windows: ann buys tea in the first and the third, bob comes in the second."""
    catalogue = items(("tea", "drinks > hot", 0), ("soap", "care", 0))
    graph = fold_days(blank(7), events(("ann", "tea", 0), ("ann", "soap", 6)), as_of_day=7, catalogue=catalogue)
    graphs = [graph]
    graphs.append(fold_days(graph, events(("bob", "tea", 8), first=5), as_of_day=14))
    graphs.append(fold_days(graphs[-1], events(("ann", "tea", 15), ("ann", "tea", 16), first=9), as_of_day=21))
    for name, graph in zip(WINDOWS, graphs, strict=True):
        write_graph(read_context().path("graphs", name, "end"), graph, about={"parent": None})


def content(*words: str) -> dict[str, Any]:
    return json.loads(typed(app, "history", *words, "--json"))


def test_an_interest_is_followed_through_the_windows_that_have_graphs() -> None:
    told = content("ann")
    assert [each["window"] for each in told["windows"]] == list(WINDOWS)
    hot = next(each for each in told["interests"] if each["name"] == "drinks > hot")
    assert hot["label"] == "hot"
    assert hot["weights"][:2] == pytest.approx([0.5, 0.25])
    assert hot["weights"][2] > 1


def test_each_window_tells_what_it_changed_and_the_first_nothing() -> None:
    windows = content("ann")["windows"]
    assert windows[0]["changes"] == []
    assert {(each["name"], each["happened"]) for each in windows[1]["changes"]} == {
        ("drinks > hot", "faded"), ("care", "faded"),
    }  # fmt: skip
    assert "hot 0.25 → 1.29, 2 purchases" in " ".join(typed(app, "history", "ann").split())


def test_a_user_is_unknown_until_they_come() -> None:
    assert [each["known"] for each in content("bob")["windows"]] == [False, True, True]


def test_the_history_ends_with_the_window_asked_for() -> None:
    assert [each["window"] for each in content("ann", "--window", WINDOWS[1])["windows"]] == list(WINDOWS[:2])


def test_items_are_followed_too() -> None:
    assert {each["name"] for each in content("ann", "--kind", "item", "--k", "1")["interests"]} == {"tea"}


def test_a_stranger_is_told_with_who_is_near() -> None:
    with pytest.raises(UnknownUserError, match="did you mean ann"):
        typed(app, "history", "anne")
