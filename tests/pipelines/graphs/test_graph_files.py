"""The graph at rest: what versions share, what opening reads, and how damage is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.graph import InterestGraph, compact
from features.kinds import FOLDED, NODES
from features.proof import prove
from pipelines.errors import StoreError
from pipelines.files import digest_files, read_json, write_json, write_table
from pipelines.graphs.files import check_graph_folder, read_graph, read_manifest, write_graph
from tests.features.shop import blank, events, fold_days, items

FIRST = "segments/000/edges-user_item.arrow"


def grown() -> list[InterestGraph]:
    """A graph, and one folded into it."""
    first = fold_days(blank(7, 28), events(("ann", "tea", 0), ("bob", "ale", 1)), 2, items(("tea", "drinks", 0)))
    return [first, fold_days(first, events(("ann", "jam", 3), first=2), 4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_graph(tmp_path / "first", grown()[0], about={"window": "w"})
    return tmp_path / "first"


def test_a_graph_is_read_as_it_was_written(tmp_path: Path) -> None:
    for place, graph in enumerate(grown()):
        write_graph(tmp_path / str(place), graph, about={})
        again = read_graph(tmp_path / str(place))
        assert (again.as_of, again.epoch, again.rules) == (graph.as_of, graph.epoch, graph.rules)
        assert prove(again, graph).holds
        assert all(again.nodes(node) == graph.nodes(node) for node in NODES)
        assert all(again.edge_table(kind.name) == graph.edge_table(kind.name) for kind in FOLDED)


def test_the_same_graph_gives_the_same_bytes_and_hash(tmp_path: Path) -> None:
    hashes = {write_graph(tmp_path / name, grown()[1], about={}) for name in "ab"}
    assert len(hashes) == 1
    assert digest_files(tmp_path / "a") == digest_files(tmp_path / "b")


def test_a_graph_shares_the_files_of_the_segments_it_has_of_its_parent(folder: Path, tmp_path: Path) -> None:
    after = fold_days(read_graph(folder), events(("ann", "jam", 3), first=2), 4)
    write_graph(tmp_path / "second", after, about={})
    assert (tmp_path / "second" / FIRST).samefile(folder / FIRST)
    assert prove(read_graph(tmp_path / "second"), grown()[1]).holds


def test_removing_the_parent_leaves_the_graph_whole(folder: Path, tmp_path: Path) -> None:
    write_graph(tmp_path / "second", fold_days(read_graph(folder), events(("ann", "jam", 3), first=2), 4), about={})
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert check_graph_folder(tmp_path / "second") > 0
    assert prove(read_graph(tmp_path / "second"), grown()[1]).holds


def test_columns_are_seen_in_the_mapped_file_and_not_copied(folder: Path) -> None:
    before = pa.total_allocated_bytes()
    table = read_graph(folder).edge_table("user_item")
    assert all(column.num_chunks == 1 for column in table.columns)
    assert pa.total_allocated_bytes() - before < 64
    assert table["weight_7d"].to_numpy().base is not None


def test_a_truncated_file_is_told_and_how_to_mend_it(folder: Path) -> None:
    path = folder / FIRST
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(StoreError, match=r"edges-user_item.arrow is damaged or missing: it has .* bytes and had"):
        read_graph(folder)


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / FIRST).unlink()
    with pytest.raises(StoreError, match="No such file"):
        read_graph(folder)


def test_a_flipped_byte_is_found_by_the_check_of_all_bytes(folder: Path) -> None:
    path = folder / FIRST
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not those that were written"):
        check_graph_folder(folder)


@pytest.mark.parametrize("key", ["as_of", "hash", "rules", "about", "segments"])
def test_a_changed_manifest_does_not_match_its_hash(folder: Path, key: str) -> None:
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {key: "changed"})
    with pytest.raises(StoreError, match="does not match its own hash"):
        read_graph(folder)


@pytest.mark.parametrize("content", ['{"schema": 3}', "[]", '{"schema": null}'])
def test_a_manifest_of_another_schema_says_which_are_read(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(StoreError, match="reads 2 and 1"):
        read_manifest(folder)


def test_a_folder_without_a_graph_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no interest graph here"):
        read_graph(tmp_path)


def test_a_graph_of_schema_1_still_opens(tmp_path: Path) -> None:
    write_schema_1(tmp_path, grown()[0])
    old, graph = read_graph(tmp_path), grown()[0]
    assert old.edges["count"].tolist() == graph.edges["count"].tolist()
    np.testing.assert_array_equal(old.weights(), graph.weights())
    for column in ("item_id", "category", "since"):
        pd.testing.assert_series_equal(old.items[column], graph.items[column])


def test_a_changed_graph_of_schema_1_is_refused(tmp_path: Path) -> None:
    write_schema_1(tmp_path, grown()[0])
    write_table(tmp_path / "tables" / "users.parquet", pd.DataFrame({"user_id": ["eve"]}))
    with pytest.raises(StoreError, match="do not match its manifest"):
        read_graph(tmp_path)


def write_schema_1(folder: Path, graph: InterestGraph) -> None:
    """As Tidegraph 0.2 wrote it."""
    valid = pd.to_datetime([graph.items["since"][0]], unit="us", utc=True)
    tables = {
        "users": graph.users.assign(valid_from=pd.Series([pd.NaT] * len(graph.users), dtype="datetime64[us, UTC]")),
        "items": graph.items.assign(valid_from=pd.NaT),
        "edges": graph.edges.drop(columns=["count_purchase"]),
    }
    tables["items"]["valid_from"] = pd.Series([valid[0], pd.NaT], dtype="datetime64[us, UTC]")
    for name, table in tables.items():
        write_table(folder / "tables" / f"{name}.parquet", table)
    manifest = {"schema": 1, "as_of": graph.as_of, "epoch": graph.epoch, "half_lives": list(graph.half_lives)}
    told = {"hash": digest_files(folder / "tables"), "nodes": {}, "edges": {}, "about": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest | told), encoding="utf-8")


def test_one_segment_says_what_several_said(tmp_path: Path) -> None:
    graph = grown()[1]
    write_graph(tmp_path / "whole", compact(graph), about={})
    assert len(read_manifest(tmp_path / "whole")["segments"]) == 1
    assert prove(read_graph(tmp_path / "whole"), graph).holds
