"""Blocks of public data become graphs in order of time."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.contests.blocks import blocks, half_life
from models.ranking import interest_matrix
from pipelines.errors import SourceError

ROWS = pd.DataFrame(
    {
        "block": [0, 0, 1, 2, 2, 3, 4, 5],
        "split": "train",
        "user": [1, 2, 1, 3, 1, 2, 2, 4],
        "item": [10, 11, 10, 12, 11, 10, 12, 13],
    }
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ccd").mkdir()
    ROWS.to_parquet(tmp_path / "ccd" / "yelp.parquet")
    monkeypatch.setenv("TIDEGRAPH_DATA", str(tmp_path))
    return tmp_path


def test_each_graph_knows_its_block_and_those_before_alone(data: Path) -> None:
    contest = blocks("yelp")
    assert [graph.users["user_id"].tolist() for graph in contest.graphs] == [
        ["1", "2"],
        ["1", "2"],
        ["1", "2", "3"],
        ["1", "2", "3"],
        ["1", "2", "3"],
    ]
    assert [graph.total_counts().sum() for graph in contest.graphs] == [2, 3, 5, 6, 7]


def test_what_comes_next_are_pairs_of_the_next_block_that_the_graph_knows(data: Path) -> None:
    taken = [pairs.T.tolist() for pairs in blocks("yelp").taken]
    assert taken == [[[0, 0]], [[0, 1]], [[1, 0]], [[1, 2]], []]


def test_a_weight_decays_by_what_is_left_after_a_block(data: Path) -> None:
    contest = blocks("yelp")
    weights = interest_matrix(contest.heteros[1], half_life(0.4)).toarray()
    assert weights[0, 0] == pytest.approx(1.4, rel=1e-6)
    assert weights[1, 1] == pytest.approx(0.4, rel=1e-6)


def test_data_that_is_not_there_is_told_with_where_to_get_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r"not there") as told:
        blocks("gowalla")
    assert "CCD_KDD24" in told.value.mend and str(tmp_path) in told.value.where
    monkeypatch.delenv("TIDEGRAPH_DATA")
    with pytest.raises(SourceError, match="TIDEGRAPH_DATA is not set"):
        blocks("yelp")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (ROWS.drop(columns="block"), "no whole numbers in block"),
        (ROWS.assign(user="ann"), "no whole numbers in user"),
        (ROWS.assign(item=[None, *ROWS["item"][1:]]), "no whole numbers in item"),
        (
            ROWS.astype({"item": "Int64"}).mask(ROWS["item"] == 12).astype({"user": "Int64", "block": "Int64"}),
            "without a number",
        ),
        (ROWS.head(0), "no rows"),
        (ROWS[ROWS["block"] < 5], "the blocks are not 0 to 5"),
    ],
)
def test_a_table_of_another_form_is_told(data: Path, table: pd.DataFrame, told: str) -> None:
    table.to_parquet(data / "ccd" / "yelp.parquet")
    with pytest.raises(SourceError, match=told):
        blocks("yelp")


def test_a_file_that_is_no_parquet_is_told(data: Path) -> None:
    (data / "ccd" / "yelp.parquet").write_text("block,user,item")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        blocks("yelp")
