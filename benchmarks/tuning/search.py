"""A search through one model's settings on one contest, which goes on where it was when it was cut off."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from benchmarks.contests.contest import Contest, untrained
from benchmarks.tuning.spaces import SEED, Space
from models.metrics import evaluate_slice
from models.threads import one_thread


@dataclass(frozen=True)
class Tuned:
    """The best settings found, the mean NDCG@k they had on the spans for tuning, and what it took to find them."""

    settings: dict[str, Any]
    ndcg: float
    trials: int
    cpu_seconds: float

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Budget:
    """So many trials; no trial begins once those before it took `cpu_seconds`."""

    trials: int
    cpu_seconds: float = 1800.0


def search(contest: Contest, kind: str, space: Space, slice_: str, *, budget: Budget, k: int, journal: Path) -> Tuned:
    """The settings with the best mean NDCG@k on `slice_` over the contest's spans for tuning.

    Tree-structured Parzen estimators (Bergstra et al. 2011), by Optuna; a trial that is clearly worse than the others
    on the first spans is not carried on. The trials already in `journal` count; the same ones are tried in any case.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=f"{contest.name}, {kind}, {slice_}",
        storage=JournalStorage(JournalFileBackend(str(journal))),
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=8),
        load_if_exists=True,
    )
    while (number := len(_ended(study))) < budget.trials and _spent(study) < budget.cpu_seconds:
        study.sampler = TPESampler(seed=SEED + number)
        trial = study.ask()
        started = time.process_time()
        mean, pruned = _try(contest, kind, space, slice_, trial, k)
        trial.set_user_attr("cpu_seconds", time.process_time() - started)
        study.tell(trial, None if pruned else mean, TrialState.PRUNED if pruned else TrialState.COMPLETE)
        print(
            f"{study.study_name}: {number + 1} of {budget.trials}: {mean:.5f}{', given up' if pruned else ''};"
            f" best {study.best_value:.5f}",
            file=sys.stderr,
        )
    best = study.best_trial
    settings = space(optuna.trial.FixedTrial(best.params), contest.heteros[0].half_lives)
    return Tuned(settings, study.best_value, len(_ended(study)), _spent(study))


def _try(contest: Contest, kind: str, space: Space, slice_: str, trial: optuna.Trial, k: int) -> tuple[float, bool]:
    """The mean over the spans that were tried, and whether the trial was given up."""
    settings, found = space(trial, contest.heteros[0].half_lives), []
    for before in trial.study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        if before.params == trial.params and before.value is not None:
            return before.value, False
    for step, span in enumerate(contest.tuning):
        graph = contest.heteros[span]
        with one_thread():
            recommender = untrained(kind, settings)
            recommender.fit(contest.slices(span), graph)
            judged = evaluate_slice(slice_, recommender, contest.taken_for_tuning[span], graph, k)
        found.append(float(judged.ndcg.mean()))
        trial.report(sum(found) / len(found), step)
        if trial.should_prune() and step + 1 < len(contest.tuning):
            return sum(found) / len(found), True
    return sum(found) / len(found), False


def _spent(study: optuna.Study) -> float:
    return sum(trial.user_attrs["cpu_seconds"] for trial in _ended(study))


def _ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Without those that were cut off."""
    return [trial for trial in study.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
