"""The figures of the comparison bear the names they were asked for, and come from the right rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import model, tune
from benchmarks.scores import Scores
from pipelines.errors import ParamsError, SourceError
from tests.benchmarks.toy_contest import toy_contest


def scores(ndcg: float, cpu: float, slices: tuple[str, ...] = ("new",)) -> Scores:
    return Scores(
        {slice_: np.full((1, 4), ndcg) for slice_ in slices},
        np.array([[cpu]]),
        {slice_: np.zeros(4, dtype=int) for slice_ in slices},
    )


FOUND = {
    "full refit": scores(0.5, 20.0),
    "incremental": scores(0.48, 2.0),
    "graph only": scores(0.4, 0.5),
    "never": scores(0.1, 0.0),
    "ials, tuned for new": scores(0.3, 4.0),
    "recency_ials, tuned for new": scores(0.36, 4.0),
}


def test_of_two_slices_tuned_apart_the_better_baseline_of_each_is_the_best() -> None:
    found = FOUND | {"popularity, tuned for new": scores(0.37, 0.0)}
    assert model.best_baseline(FOUND, "new") == "recency_ials, tuned for new"
    assert model.best_baseline(found, "new") == "popularity, tuned for new"


def test_figures_of_a_discovery_contest() -> None:
    figures = model.figures_of("yelp", toy_contest(("new",)), FOUND)
    assert figures == pytest.approx(
        {
            "yelp_ndcg": 0.48,
            "yelp_ials_ndcg": 0.3,
            "yelp_recency_ials_ndcg": 0.36,
            "yelp_incremental_to_full_quality": 0.96,
            "yelp_graph_only_to_full_quality": 0.8,
            "yelp_incremental_to_full_cpu": 0.1,
            "yelp_incremental_to_ials_refit_cpu": 0.5,
        }
    )
    assert model.figures_of("gowalla", toy_contest(("new",)), FOUND)["gowalla_ials_ndcg"] == pytest.approx(0.36)


def test_figures_of_a_contest_with_repeats() -> None:
    both = ("all", "new")
    ways = {name: scores(0.2, 1.0, both) for name in ("full refit", "incremental", "graph only", "never")}
    figures = model.figures_of("cj", toy_contest(both), ways | {"ials, tuned for all": scores(0.1, 2.0, both)})
    names = {"cj_all_ndcg", "cj_best_baseline_all_ndcg", "cj_new_ndcg", "cj_best_baseline_new_ndcg"}
    assert names < figures.keys()
    assert figures["cj_incremental_to_ials_refit_cpu"] == pytest.approx(0.5)


def test_without_settings_the_command_that_chooses_them_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    with pytest.raises(SourceError, match='make tune CONTESTS="yelp"'):
        model.run("yelp")


def test_settings_are_read_as_tune_wrote_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    monkeypatch.setattr(tune, "CHOSEN", {"yelp": ("ials", tune.FLAGSHIP)})
    (tmp_path / "yelp").mkdir()
    (tmp_path / "yelp" / "ials.json").write_text(json.dumps({"new": {"settings": {"factors": 8}}}))
    (tmp_path / "yelp" / "interest_ranker.json").write_text(json.dumps({"new": {"settings": {"hidden": 4}}}))
    assert model.tuned("yelp") == {("ials", "new"): {"factors": 8}, ("interest_ranker", "new"): {"hidden": 4}}


def test_a_flagship_that_was_not_chosen_is_asked_for_and_not_that_of_params_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    monkeypatch.setattr(tune, "CHOSEN", {"yelp": ("ials", tune.FLAGSHIP)})
    (tmp_path / "yelp").mkdir()
    (tmp_path / "yelp" / "ials.json").write_text(json.dumps({"new": {"settings": {"factors": 8}}}))
    with pytest.raises(SourceError, match="yelp/interest_ranker"):
        model.tuned("yelp")


def test_a_baseline_without_settings_is_named_as_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "FOLDER", tmp_path)
    monkeypatch.setattr(tune, "CHOSEN", {"yelp": ("lightgcn", tune.FLAGSHIP)})
    (tmp_path / "yelp").mkdir()
    (tmp_path / "yelp" / "interest_ranker.json").write_text(json.dumps({"new": {"settings": {"hidden": 4}}}))
    assert model.tuned("yelp") == {("interest_ranker", "new"): {"hidden": 4}}
    assert "Not judged" in model.untuned("yelp") and "yelp/lightgcn" in model.untuned("yelp")
    (tmp_path / "yelp" / "lightgcn.json").write_text(json.dumps({"new": {"settings": {"layers": 1}}}))
    assert model.untuned("yelp") == ""


def test_a_contest_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(ParamsError, match=r"no contest 'movies'(?s:.*)yelp, gowalla, journey"):
        model.run("movies")
