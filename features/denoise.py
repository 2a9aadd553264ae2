"""Denoise: users who act like no person does, and edges that tell no interest, by robust statistics, with reasons.

A robust score is (x − median) / (1.4826 · MAD), as of Iglewicz & Hoaglin 1993: how many standard deviations a value
lies from the middle, if most values were normal; outliers move neither median nor MAD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.graph import InterestGraph
from features.habits import HABITS, Habit, habits_of

LEAST_USERS = 50
"""Users whose habit is known before anybody is compared with them."""
TELLING = 2
"""Habits that have to stand out: busy people are busy, and curious ones curious, but seldom both without a pause."""
TO_NORMAL = 1.4826
"""MAD times this is the standard deviation of normal values."""
COLUMNS = ("user_row", "left_out", "score", "reason")


@dataclass(frozen=True)
class Noise:
    """`users` [users] bool: bot-like, to be left out. `even` [users] bool: their edges to items tell no interest.
    `told`: one row for each of them, COLUMNS: `left_out` is `user` or `edges to items`, `score` the one that decided,
    `reason` says why in words."""

    users: np.ndarray
    even: np.ndarray
    told: pd.DataFrame


def find_noise(graph: InterestGraph, score: float) -> Noise:
    """Users of `graph` with robust scores above `score`; nobody where `score` is 0.

    A user is bot-like whose score is above it in at least two of rate, breadth and pace. Edges to items are left out
    of a user who spreads weight over many of them more evenly than that. Nobody is where fewer than LEAST_USERS can be
    compared, or where half of them are alike.
    """
    size = graph.count("user")
    if not score:
        return Noise(np.zeros(size, bool), np.zeros(size, bool), pd.DataFrame(columns=list(COLUMNS)))
    values = habits_of(graph)
    scores = {name: robust_scores(values[name]) for name in HABITS}
    above = np.stack([scores[name] > score for name, habit in HABITS.items() if habit.of_bots])
    users = above.sum(axis=0) >= TELLING
    even = (scores["evenness"] > score) & ~users
    told = [_tell(row, values, scores, score, bot=True) for row in np.flatnonzero(users).tolist()]
    told += [_tell(row, values, scores, score, bot=False) for row in np.flatnonzero(even).tolist()]
    return Noise(users, even, pd.DataFrame(told, columns=list(COLUMNS)))


def robust_scores(values: np.ndarray) -> np.ndarray:
    """Scores of `values` (NaN: not known, which scores 0); all 0 for fewer than LEAST_USERS, or a MAD of 0."""
    known = np.isfinite(values)
    if known.sum() < LEAST_USERS:
        return np.zeros(len(values))
    median = np.median(values[known])
    spread = np.median(np.abs(values[known] - median))
    if spread <= 1e-9 * max(abs(median), 1):  # what rounding makes of the same values is no spread
        return np.zeros(len(values))
    return np.where(known, (values - median) / (TO_NORMAL * spread), 0.0)


def _tell(
    row: int, values: dict[str, np.ndarray], scores: dict[str, np.ndarray], score: float, *, bot: bool
) -> tuple[int, str, float, str]:
    """A row of COLUMNS; the score that decided is the lowest of those that had to be high."""
    found = {name: scores[name][row] for name, habit in HABITS.items() if habit.of_bots == bot}
    high = {name: value for name, value in found.items() if value > score}
    decided = sorted(high.values())[-TELLING if bot else -1]
    reason = "; ".join(_words(HABITS[name], values[name], row, value) for name, value in high.items())
    return row, "user" if bot else "edges to items", float(decided), reason


def _words(habit: Habit, values: np.ndarray, row: int, score: float) -> str:
    middle = float(np.nanmedian(values))
    return f"{habit.says(float(values[row]), middle)} (score {score:.1f})"
