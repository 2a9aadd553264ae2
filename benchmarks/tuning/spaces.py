"""What may be chosen of each model, and from which range."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.trial import BaseTrial as Trial

Space = Callable[[Trial, Sequence[float]], dict[str, Any]]
"""Settings of a model for a trial, and the half-lives (days) that the graph holds."""
SEED = 7


def _faded(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return {"half_life": trial.suggest_categorical("half_life", list(half_lives))}


def _item_knn(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return _faded(trial, half_lives) | {"neighbours": trial.suggest_int("neighbours", 10, 1000, log=True)}


def _tifu_knn(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return _item_knn(trial, half_lives) | {"own": trial.suggest_float("own", 0.0, 1.0)}


def _graph_filter(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return _faded(trial, half_lives) | {
        "factors": trial.suggest_int("factors", 16, 256, log=True),
        "ideal": trial.suggest_float("ideal", 0.0, 1.0),
    }


def _ials(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return _faded(trial, half_lives) | {
        "factors": trial.suggest_int("factors", 32, 192, step=32),
        "regularization": trial.suggest_float("regularization", 1.0, 500.0, log=True),
        "alpha": trial.suggest_float("alpha", 1.0, 100.0, log=True),
        "iterations": trial.suggest_int("iterations", 6, 20),
        "seed": SEED,
    }


def _recency_ials(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return _ials(trial, half_lives) | {
        "recent": trial.suggest_categorical("recent", list(half_lives)),
        "power": trial.suggest_float("power", 0.0, 1.0),
    }


def _lightgcn(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
    return {
        "half_life": half_lives[-1],  # has no part in the learning
        "factors": 64,
        "layers": trial.suggest_int("layers", 1, 3),
        "epochs": trial.suggest_int("epochs", 5, 100, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [2048, 8192, 32768]),
        "learning_rate": trial.suggest_float("learning_rate", 1e-3, 5e-2, log=True),
        "regularization": trial.suggest_float("regularization", 1e-6, 1e-3, log=True),
        "seed": SEED,
    }


SPACES: Mapping[str, Space] = {
    "popularity": _faded,
    "personal_decay": _faded,
    "item_knn": _item_knn,
    "tifu_knn": _tifu_knn,
    "graph_filter": _graph_filter,
    "ials": _ials,
    "recency_ials": _recency_ials,
    "lightgcn": _lightgcn,
}
