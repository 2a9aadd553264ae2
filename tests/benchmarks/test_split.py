"""The public split: what is held out to choose settings on, and what is never seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch import Tensor

from benchmarks import gowalla, step, tune
from benchmarks.contests.contest import Contest
from benchmarks.contests.split import split
from models.ranking import INTERACTS
from pipelines.errors import SourceError


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[tuple[str, str]]]:
    """Thirty users with some of twenty items, a quarter of them asked for."""
    random = np.random.default_rng(2)
    held = [(user, item) for user in range(30) for item in range(20) if random.random() < 0.4]
    asked = [pair for pair in held if random.random() < 0.25]
    parts = {"train": sorted(set(held) - set(asked)), "test": asked}
    (tmp_path / "gowalla_lightgcn").mkdir()
    for name, part in parts.items():
        table = pd.DataFrame(part, columns=["user", "item"], dtype="int32")
        table.to_parquet(tmp_path / "gowalla_lightgcn" / f"{name}.parquet")
    monkeypatch.setenv("TIDEGRAPH_DATA", str(tmp_path))
    return {name: {(str(user), str(item)) for user, item in part} for name, part in parts.items()}


def named(contest: Contest, span: int, rows: Tensor) -> set[tuple[str, str]]:
    graph = contest.graphs[span]
    users, items = (graph.nodes(node)["id"].to_pylist() for node in ("user", "item"))
    return {(users[user], items[item]) for user, item in rows.T.tolist()}


def test_settings_are_chosen_on_pairs_for_learning_that_are_held_out(pairs: dict[str, set[tuple[str, str]]]) -> None:
    contest = split()
    known = named(contest, 0, contest.heteros[0][INTERACTS].edge_index)
    held_out = named(contest, 0, contest.taken[0])
    assert held_out and not held_out & known
    assert held_out | known <= pairs["train"]
    assert list(contest.tuning) == [0]


def test_what_is_asked_for_is_in_no_graph(pairs: dict[str, set[tuple[str, str]]]) -> None:
    contest = split()
    assert named(contest, 1, contest.heteros[1][INTERACTS].edge_index) == pairs["train"]
    assert named(contest, 1, contest.taken[1]) == pairs["test"]
    assert list(contest.testing) == [1]


def test_nothing_fades_where_nothing_has_a_time(pairs: dict[str, set[tuple[str, str]]]) -> None:
    weights = split().heteros[1][INTERACTS].weight
    assert (weights == weights[0]).all()


def test_the_benchmark_ranks_what_is_asked_for_with_the_settings_that_were_chosen(
    pairs: dict[str, set[tuple[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    monkeypatch.setattr(gowalla, "SEEDS", range(7, 9))
    monkeypatch.setattr(gowalla, "GF_CF", {"half_life": 7.0, "factors": 4, "ideal": 0.3})
    monkeypatch.setattr(step, "REPEATS", 1)
    settings = {"factors": 4, "als_half_life": 7.0, "hop_half_life": 7.0, "again": False, "near_power": 2.0}
    told = {"new": {"settings": settings | {"walk_power": 1.0, "epochs": 1, "hidden": 4}}}
    (tmp_path / "split").mkdir()
    (tmp_path / "split" / "interest_ranker.json").write_text(json.dumps(told))
    text, figures = gowalla.run()
    assert 0 < figures["recall_at_20"] <= 1 and 0 < figures["ndcg_at_20"] <= 1
    assert figures["cpu_to_lightgcn_1000_epochs"] > 0
    assert "GF-CF, here" in text and "flagship" in text


def test_without_settings_the_benchmark_names_the_command_that_chooses_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    with pytest.raises(SourceError) as told:
        gowalla.run()
    assert "make tune" in told.value.mend
