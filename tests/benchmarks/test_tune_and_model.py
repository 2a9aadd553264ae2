"""From public blocks to chosen settings, and from these to the comparison: the two commands on a small data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import figures, kept, model, tune
from benchmarks.__main__ import main
from benchmarks.tuning.search import Budget, Tunable, search
from benchmarks.tuning.spaces import SPACES
from pipelines.errors import ParamsError
from tests.benchmarks.toy_contest import toy_contest

FEW = ("popularity", "ials", "recency_ials")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six blocks in which each of forty users takes three items of a block, mostly of their own half."""
    random, rows = np.random.default_rng(3), []
    for block in range(6):
        for user in range(40):
            for item in random.choice(60, size=3, replace=False):
                own_half = int(item) // 2 * 2 + user % 2
                rows.append((block, "train", user, own_half if random.random() < 0.8 else int(item)))
    (tmp_path / "ccd").mkdir()
    table = pd.DataFrame(rows, columns=["block", "split", "user", "item"]).drop_duplicates(["user", "item"])
    table.to_parquet(tmp_path / "ccd" / "yelp.parquet")
    monkeypatch.setenv("TIDEGRAPH_DATA", str(tmp_path))
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path


def test_settings_are_chosen_on_earlier_blocks_and_compared_on_later_ones(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "CHOSEN", {"yelp": (*FEW, tune.FLAGSHIP)})
    monkeypatch.setattr(tune, "BUDGET", Budget(trials=2))
    monkeypatch.setattr(model, "SEEDS", range(7, 9))
    monkeypatch.setattr(tune, "FOLDER", data / "tuned")
    text, _ = tune.run("yelp")
    assert all(row in text for row in ("interest_ranker, before it learns", "interest_ranker, across users"))
    assert {path.stem for path in (data / "tuned" / "yelp").iterdir()} == {*FEW, "interest_ranker"}

    page = data / "benchmarks.md"
    page.write_text("# Benchmarks\n")
    monkeypatch.setattr(figures, "PAGE", page)
    _, told = model.run("yelp")
    ways = ("full refit", "incremental", "graph only", "never")
    assert all(f"| flagship, {way} |" in page.read_text() for way in ways)
    assert "CPU seconds of each span for testing: full refit" in page.read_text()
    assert {"yelp_ndcg", "yelp_ials_ndcg", "yelp_recency_ials_ndcg"} < told.keys()
    assert all(told[name] > 0 for name in told)

    monkeypatch.setattr(kept, "judge", None)  # nothing is judged twice
    assert model.run("yelp")[1] == told


def test_a_model_that_is_unknown_is_told_before_anything_is_read() -> None:
    with pytest.raises(ParamsError, match="a model 'gru4rec' on yelp") as told:
        tune.run("yelp/gru4rec")
    assert "tifu_knn" in told.value.mend
    with pytest.raises(ParamsError, match="a model '' on yelp"):  # not all of them
        tune.run("yelp/")


def test_a_benchmark_that_takes_no_contest_refuses_one() -> None:
    with pytest.raises(ParamsError, match="gowalla takes nothing more"):
        main(["gowalla", "yelp"])


def test_a_model_whose_fit_takes_minutes_is_chosen_on_the_last_span_alone_and_for_all_slices_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, tunable = replace(toy_contest(("all", "new")), tuning=range(3)), Tunable("tifu_knn", SPACES["tifu_knn"])
    monkeypatch.setattr(tune, "CONTESTS", {"toy": lambda: contest})
    monkeypatch.setattr(tune, "CHOSEN", {"toy": ("tifu_knn",)})
    monkeypatch.setattr(tune, "DEAR", {("toy", "tifu_knn")})
    monkeypatch.setattr(tune, "BUDGET", Budget(trials=2))
    monkeypatch.setattr(tune, "FOLDER", tmp_path / "tuned")
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))
    tune.run("toy")

    def ndcg(*slices: str) -> float:
        last, journal = replace(contest, tuning=range(2, 3)), tmp_path / "search.log"
        return search(last, tunable, slices, budget=Budget(trials=2), k=tune.K, journal=journal).ndcg

    chosen = tune.found_settings()["toy"]["tifu_knn"]
    assert chosen.keys() == {"all and new"}
    assert chosen["all and new"]["ndcg"] == ndcg("all", "new") != ndcg("all")
