"""A search through one model's settings on one contest, which goes on where it was when it was cut off."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from benchmarks.contests.contest import Contest, untrained
from benchmarks.tuning.deadline import OutOfTimeError, within
from benchmarks.tuning.spaces import SEED, Space
from models.metrics import evaluate_slice
from models.threads import one_thread
from pipelines.errors import ParamsError


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
    """So many trials; no trial begins once those before it took `cpu_seconds`, and one that takes more than
    `of_one_trial` alone is given up."""

    trials: int
    cpu_seconds: float = 1800.0
    of_one_trial: float = 450.0


@dataclass(frozen=True)
class Tunable:
    """A kind of model, what may be chosen of it, and, where something is known of that, the choice to try `first`."""

    kind: str
    space: Space
    first: Mapping[str, Any] | None = None


def search(contest: Contest, model: Tunable, slices: Sequence[str], *, budget: Budget, k: int, journal: Path) -> Tuned:
    """The settings with the best mean over the contest's spans for tuning of NDCG@k on `slices`, of several of them the
    geometric mean.

    Tree-structured Parzen estimators (Bergstra et al. 2011), by Optuna; a trial that is clearly worse than the others
    on the first spans is not carried on. The trials already in `journal` count; the same ones are tried in any case.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=f"{contest.name}, {model.kind}, {' and '.join(slices)}",
        storage=JournalStorage(JournalFileBackend(str(journal))),
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=8),
        load_if_exists=True,
    )
    if model.first and not study.trials:
        study.enqueue_trial(dict(model.first))
    while (number := len(_ended(study))) < budget.trials and _spent(study) < budget.cpu_seconds:
        study.sampler = TPESampler(seed=SEED + number)
        trial = study.ask()
        started = time.process_time()
        try:
            with within(budget.of_one_trial):
                mean, pruned = _try(contest, model, slices, trial, k)
        except OutOfTimeError:
            mean, pruned = math.nan, True
        trial.set_user_attr("cpu_seconds", time.process_time() - started)
        study.tell(trial, None if pruned else mean, TrialState.PRUNED if pruned else TrialState.COMPLETE)
        print(
            f"{study.study_name}: {number + 1} of {budget.trials}: {mean:.5f}{', given up' if pruned else ''};"
            f" best {_best(study):.5f}",
            file=sys.stderr,
        )
    if math.isnan(_best(study)):
        raise ParamsError(
            f"none of {budget.trials} trials was through within {budget.of_one_trial:,.0f} CPU seconds",
            where=study.study_name,
            mend=f"allow more for one trial in benchmarks/tune.py, and remove {journal} to begin anew",
        )
    best = study.best_trial
    settings = model.space(optuna.trial.FixedTrial(best.params), contest.heteros[0].half_lives)
    return Tuned(settings, study.best_value, len(_ended(study)), _spent(study))


def _try(contest: Contest, model: Tunable, slices: Sequence[str], trial: optuna.Trial, k: int) -> tuple[float, bool]:
    """The mean over the spans that were tried, and whether the trial was given up."""
    settings, found = model.space(trial, contest.heteros[0].half_lives), []
    for before in trial.study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        if before.params == trial.params and before.value is not None:
            return before.value, False
    for step, span in enumerate(contest.tuning):
        graph = contest.heteros[span]
        with one_thread():
            recommender = untrained(model.kind, settings)
            recommender.fit(contest.slices(span), graph)
            taken = contest.taken_for_tuning[span]
            of_slices = [float(evaluate_slice(each, recommender, taken, graph, k).ndcg.mean()) for each in slices]
        found.append(math.prod(of_slices) ** (1 / len(slices)))
        trial.report(sum(found) / len(found), step)
        if trial.should_prune() and step + 1 < len(contest.tuning):
            return sum(found) / len(found), True
    return sum(found) / len(found), False


def _best(study: optuna.Study) -> float:
    """NaN while no trial is through."""
    through = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    return max((trial.value or 0.0 for trial in through), default=math.nan)


def _spent(study: optuna.Study) -> float:
    return sum(trial.user_attrs["cpu_seconds"] for trial in _ended(study))


def _ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Without those that were cut off."""
    return [trial for trial in study.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
