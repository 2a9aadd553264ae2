"""What may be chosen of the flagship: the formula it starts from, and how it learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.trial import BaseTrial as Trial

from benchmarks.tuning.spaces import SEED, Space
from models.flagship.settings import ROW_SCALES


def formula_space(trial: Trial, half_lives: Sequence[float], *, most_factors: int = 192) -> dict[str, Any]:
    """What the flagship starts from, where users take nothing again and nothing is known of items."""
    return {
        "factors": trial.suggest_int("factors", 32, most_factors, step=32),
        "regularization": trial.suggest_float("regularization", 1.0, 500.0, log=True),
        "alpha": trial.suggest_float("alpha", 1.0, 100.0, log=True),
        "als_half_life": trial.suggest_categorical("als_half_life", list(half_lives)),
        "als_iterations": trial.suggest_int("als_iterations", 6, 20),
        "hop_half_life": trial.suggest_categorical("hop_half_life", list(half_lives)),
        "hop_weight": trial.suggest_float("hop_weight", 0.0, 3.0),
        "row_scale": trial.suggest_categorical("row_scale", list(ROW_SCALES)),
        "recency_power": trial.suggest_float("recency_power", 0.0, 3.0),
        "walk_power": trial.suggest_float("walk_power", 0.0, 6.0),
        "near_power": 5.0,  # only the others' shares of it order items
        "again": False,
        "popular": 0,
        "favoured": 0,
        "similar": 200,
        "seed": SEED,
    }


def gate_space(formula: Mapping[str, Any]) -> Space:
    """How the flagship learns on top of what it starts from."""

    def space(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
        sharpness = trial.suggest_float("sharpness", 0.2, 2.0, log=True)
        rate, epochs = trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True), trial.suggest_int("epochs", 1, 10)
        return {
            **formula,
            "near_power": sharpness * formula["near_power"],
            "recency_power": sharpness * formula["recency_power"],
            "walk_power": sharpness * formula["walk_power"],
            "learning_rate": rate,
            "epochs": epochs,
            "update_learning_rate": rate / 4,  # the spans for tuning hold no second lesson to choose these by
            "update_epochs": (epochs + 1) // 2,
            "update_users": 1000,
            "hidden": trial.suggest_categorical("hidden", [8, 16, 32, 64]),
            "similar": trial.suggest_int("similar", 50, 300, step=50),
        }

    return space


CHOICES: Mapping[str, Callable[[Trial, Sequence[float]], Any]] = {
    "als_half_life": lambda trial, held: trial.suggest_categorical("als_half_life", list(held)),
    "hop_half_life": lambda trial, held: trial.suggest_categorical("hop_half_life", list(held)),
    "alpha": lambda trial, _: trial.suggest_float("alpha", 0.5, 50.0, log=True),
    "regularization": lambda trial, _: trial.suggest_float("regularization", 5.0, 200.0, log=True),
    "factors": lambda trial, _: trial.suggest_int("factors", 32, 160, step=32),
    "learning_rate": lambda trial, _: trial.suggest_float("learning_rate", 5e-4, 1e-2, log=True),
    "epochs": lambda trial, _: trial.suggest_int("epochs", 2, 8),
    "hidden": lambda trial, _: trial.suggest_categorical("hidden", [32, 64, 128]),
}
"""What is chosen where users take things again, and from which range."""


def learning_space(shipped: Mapping[str, Any]) -> Space:
    """How the flagship embeds and learns where users take things again, beside what is `shipped`."""

    def space(trial: Trial, half_lives: Sequence[float]) -> dict[str, Any]:
        return {**shipped, **{name: choose(trial, half_lives) for name, choose in CHOICES.items()}}

    return space


def shipped_choice(shipped: Mapping[str, Any]) -> dict[str, Any]:
    """What of `shipped` settings `learning_space` chooses."""
    return {name: shipped[name] for name in CHOICES}
