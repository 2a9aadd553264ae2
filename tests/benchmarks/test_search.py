"""Tuning finds what is better, says so the same way each time, and goes on where it was cut off."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import BaseTrial, FixedTrial

from benchmarks.contests.contest import untrained
from benchmarks.tuning import search as searching
from benchmarks.tuning.flagship import learning_space, shipped_choice
from benchmarks.tuning.search import Budget, Tunable, Tuned, search
from benchmarks.tuning.spaces import SPACES
from models.catalogue import RECOMMENDERS
from models.flagship.settings import RankerSettings
from models.metrics import evaluate_slice
from pipelines.errors import ParamsError
from tests.benchmarks.toy_contest import toy_contest
from tests.models.toy import lessons

CONTEST = toy_contest()


def tifu(trial: BaseTrial, half_lives: Any) -> dict[str, Any]:
    return {"half_life": half_lives[0], "neighbours": 2, "own": trial.suggest_float("own", 0.0, 1.0)}


def found(folder: Path, trials: int = 6) -> Tuned:
    return search(CONTEST, Tunable("tifu_knn", tifu), ["all"], budget=Budget(trials), k=3, journal=folder / "toy.log")


def test_the_best_trial_is_told_with_its_settings(tmp_path: Path) -> None:
    tuned = found(tmp_path)
    assert tuned.trials == 6 and 0 < tuned.ndcg <= 1 and tuned.cpu_seconds > 0
    assert set(tuned.settings) == {"half_life", "neighbours", "own"}


def test_the_same_search_finds_the_same_also_when_it_was_cut_off(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    whole = found(tmp_path)
    found(tmp_path / "again", trials=2)
    again = found(tmp_path / "again")
    assert (again.settings, again.ndcg, again.trials) == (whole.settings, whole.ndcg, whole.trials)


def test_settings_that_were_tried_are_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[object] = []
    monkeypatch.setattr(searching, "evaluate_slice", lambda *given: judged.append(given) or evaluate_slice(*given))
    search(
        CONTEST,
        Tunable("popularity", SPACES["popularity"]),
        ["all"],
        budget=Budget(12),
        k=3,
        journal=tmp_path / "toy.log",
    )
    assert len(judged) <= 3  # as many as there are half-lives


def test_only_spans_for_tuning_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    monkeypatch.setattr(
        searching,
        "evaluate_slice",
        lambda name, model, pairs, graph, k: seen.add(graph.as_of) or evaluate_slice(name, model, pairs, graph, k),
    )
    found(tmp_path, trials=2)
    assert seen == {lessons()[0].graph.as_of}


def test_no_trial_begins_once_the_time_is_spent(tmp_path: Path) -> None:
    model = Tunable("tifu_knn", tifu)
    tuned = search(CONTEST, model, ["all"], budget=Budget(6, cpu_seconds=1e-9), k=3, journal=tmp_path / "log")
    assert tuned.trials == 1 and tuned.ndcg > 0


def test_a_trial_that_takes_too_long_is_given_up_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def endless_once(*given: Any) -> Any:
        calls.append(given)
        while len(calls) == 1:
            pass
        return evaluate_slice(*given)

    monkeypatch.setattr(searching, "evaluate_slice", endless_once)
    budget = Budget(3, of_one_trial=0.5)
    tuned = search(CONTEST, Tunable("tifu_knn", tifu), ["all"], budget=budget, k=3, journal=tmp_path / "log")
    assert tuned.trials == 3 and tuned.ndcg > 0


def test_a_search_in_which_every_trial_took_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: Any) -> None:
        while True:
            pass

    monkeypatch.setattr(searching, "evaluate_slice", endless)
    with pytest.raises(ParamsError, match="none of 2 trials"):
        search(
            CONTEST,
            Tunable("tifu_knn", tifu),
            ["all"],
            budget=Budget(2, of_one_trial=0.2),
            k=3,
            journal=tmp_path / "log",
        )


def test_of_several_slices_the_geometric_mean_counts_and_what_is_known_is_tried_first(tmp_path: Path) -> None:
    both, own = replace(toy_contest(("all", "new")), tuning=range(2, 3)), 0.123
    model = Tunable("tifu_knn", tifu, {"own": own})
    tuned = search(both, model, both.judged, budget=Budget(1), k=3, journal=tmp_path / "log")
    assert tuned.settings["own"] == own
    recommender = untrained("tifu_knn", tuned.settings)
    recommender.fit([], both.heteros[2])
    judged = [evaluate_slice(name, recommender, both.taken[2], both.heteros[2], 3).ndcg.mean() for name in both.judged]
    assert tuned.ndcg == pytest.approx(float(judged[0] * judged[1]) ** 0.5)


def test_what_is_shipped_is_one_of_the_choices_there_are() -> None:
    shipped = asdict(RankerSettings(als_half_life=7.0, hop_half_life=7.0))
    settings = learning_space(shipped)(FixedTrial(shipped_choice(shipped)), CONTEST.heteros[0].half_lives)
    assert settings == shipped


def test_every_baseline_has_a_space() -> None:
    assert set(SPACES) == set(RECOMMENDERS) - {"interest_ranker"}
