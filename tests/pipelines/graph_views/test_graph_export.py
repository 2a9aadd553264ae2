"""`tidegraph graph export`: the graph as others read it."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from pipelines.commands.graph import app
from pipelines.context import read_context
from pipelines.errors import ExportError
from pipelines.graph_views.category_map import category_graph, draw_categories
from pipelines.graph_views.export import node_id
from pipelines.graphs.files import write_graph
from tests.features.shop import blank, events, fold_days, items
from tests.typed import typed

WINDOW = "2024-01-07"


@pytest.fixture(autouse=True)
def graphs(home: Path) -> None:
    """One graph; an item's title and a user's id hold what the formats would stumble over."""
    catalogue = items(("tea", "drinks > hot", 0), ("soap", "<care>", 0), title="a <b>&\x07 title")
    rows = events(("ann", "tea", 0), ("ann\x01", "soap", 1), ("ann", "soap", 2), query="hot & cold")
    graph = fold_days(blank(7, 14), rows, as_of_day=7, catalogue=catalogue)
    write_graph(read_context().path("graphs", WINDOW, "end"), graph, about={"parent": None})


def export(*words: str) -> list[Path]:
    return [Path(path) for path in json.loads(typed(app, "export", *words, "--json"))["files"]]


def test_parquet_holds_all_nodes_and_edges(tmp_path: Path) -> None:
    files = {path.name: path for path in export("--format", "parquet", "--out", str(tmp_path / "tables"))}
    edges = pd.read_parquet(files["edges-user_item.parquet"])
    assert sorted(zip(edges["source_id"], edges["target_id"], strict=True)) == [
        ("ann", "soap"), ("ann", "tea"), ("ann\x01", "soap"),
    ]  # fmt: skip
    assert len(pd.read_parquet(files["nodes-user.parquet"])) == 2
    assert json.loads(files["graph.json"].read_text(encoding="utf-8"))["window"] == WINDOW


def test_an_export_takes_the_place_of_an_earlier_one_and_of_nothing_else(tmp_path: Path) -> None:
    precious = tmp_path / "mine" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work", encoding="utf-8")
    with pytest.raises(ExportError, match="holds something else"):
        export("--format", "parquet", "--out", str(precious.parent))
    assert precious.read_text(encoding="utf-8") == "years of work"
    for _ in range(2):
        assert export("--format", "parquet", "--out", str(tmp_path / "tables"))
    (tmp_path / "tables" / "thesis.txt").write_text("more years of work", encoding="utf-8")
    with pytest.raises(ExportError, match=r"something else.*thesis\.txt"):
        export("--format", "parquet", "--out", str(tmp_path / "tables"))
    assert (tmp_path / "tables" / "thesis.txt").is_file()


def test_graphml_is_read_back_with_the_same_edges_and_no_id_merged_with_another(tmp_path: Path) -> None:
    (path,) = export("--format", "graphml", "--out", str(tmp_path / "graph.graphml"))
    graph = nx.read_graphml(path)
    ties = {(one, other) for one, other, kind in graph.edges(data="kind") if kind == "user_item"}
    assert ties == {("user:ann", "item:tea"), ("user:ann", "item:soap"), ("user:ann\\x01", "item:soap")}
    assert graph.edges["user:ann", "item:tea"]["weight"] == pytest.approx(0.5**0.5)
    assert graph.nodes["item:tea"]["label"] == "a <b>&\\x07 title"
    assert graph.nodes["category:<care>"]["type"] == "category"


def test_graphml_of_some_kinds_holds_only_their_nodes(tmp_path: Path) -> None:
    (path,) = export("--format", "graphml", "--edges", "user_category", "--out", str(tmp_path / "graph.graphml"))
    graph = nx.read_graphml(path)
    assert {kind for _, _, kind in graph.edges(data="kind")} == {"user_category"}
    assert {type_ for _, type_ in graph.nodes(data="type")} == {"user", "category"}


def test_graphml_that_few_programs_would_open_is_refused_with_what_would_fit(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"--edges .*--format parquet"):
        export("--format", "graphml", "--most", "3", "--out", str(tmp_path / "graph.graphml"))
    assert not (tmp_path / "graph.graphml").exists()


def test_a_kind_that_is_none_is_told_with_what_is_near() -> None:
    with pytest.raises(ExportError, match="did you mean user_item"):
        export("--format", "graphml", "--edges", "user-item")


def test_the_page_shows_what_weighs_most_and_runs_nothing_that_an_item_is_called(home: Path) -> None:
    (path,) = export("--format", "html")
    assert path.parent == home / "exports"
    page = path.read_text(encoding="utf-8")
    assert "&lt;care&gt;" in page and "<care>" not in page and "a <b>" not in page
    assert "data:image/svg+xml;base64," in page


def test_no_two_ids_become_one_in_graphml() -> None:
    ids = ["ann\x01", "ann\\x01", "ann\\", "ann"]
    assert len({node_id("user", each) for each in ids}) == len(ids)


def test_categories_of_the_same_users_are_tied_and_others_are_not() -> None:
    catalogue = items(("tea", "tea", 0), ("jam", "jam", 0), ("oil", "oil", 0), ("nut", "nut", 0))
    tastes = {"a": ("tea", "jam"), "b": ("oil", "nut")}
    pairs = [(f"{user}{n}", item, 0.0) for user, both in tastes.items() for item in both for n in range(3)]
    drawn = category_graph(fold_days(blank(7), events(*pairs), as_of_day=1, catalogue=catalogue))
    assert {frozenset(edge) for edge in drawn.edges} == {frozenset({"tea", "jam"}), frozenset({"oil", "nut"})}
    assert draw_categories(drawn).axes


def test_a_graph_without_interests_has_a_page_all_the_same(home: Path) -> None:
    write_graph(home / "graphs" / WINDOW / "end", blank(7), about={"parent": None})
    assert export("--format", "html")[0].is_file()
