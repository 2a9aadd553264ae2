"""Champions that are watched: what 28 days of paired differences look like, drawn with a mean that is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

USERS, DAYS, LEVEL = 2_400, 28, 0.25
"""LEVEL: the reference's NDCG, about what it is on Complete Journey."""
FEWEST, MOST = 100, 400
"""Users that are judged in a day, over a week."""
EFFECT_LIMIT, NOISE_LIMIT = 0.4, 0.5
"""What is drawn beyond is put there, on both sides alike, so that means stay and differences lie in [−1, 1]."""


@dataclass(frozen=True)
class Champion:
    """Paired differences of mean `mean`: a share `moved` is not 0, and of these each is the sum of an effect that a
    user keeps (Laplace) and of noise (Student with 3 degrees), of about the given deviations.

    `shared`: deviation of what all users of a day have in common. `winners`: few users win much and all others lose a
    little, instead of an even effect. `kept`: not a close model but a broken one: it finds that share of what its
    reference, of mean `LEVEL`, finds.
    """

    name: str
    mean: float
    moved: float = 0.45
    effect: float = 0.03
    noise: float = 0.068
    shared: float = 0.0
    winners: bool = False
    kept: float | None = None


def noisy(champion: Champion) -> Champion:
    """The same mean, and differences that deviate twice as much."""
    return replace(champion, name=f"{champion.name}, noisy", effect=2 * champion.effect, noise=2 * champion.noise)


def draw(champion: Champion, many: int, generator: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of `many` such champions each day's differences [many, users], 0 where not judged, and who is judged, alike.

    How often a user comes is Gamma distributed, up to eight times the mean; users drawn and effects are new for each.
    """
    activity = np.minimum(generator.gamma(0.7, 1 / 0.7, (many, USERS)), 8).astype(np.float32)
    effects = _effects(champion, many, generator)
    for day in range(DAYS):
        expected = (MOST + FEWEST) / 2 + (MOST - FEWEST) / 2 * np.sin(2 * np.pi * day / 7)
        judged = generator.random((many, USERS), dtype=np.float32) < activity * np.float32(expected / USERS)
        rows, users = np.nonzero(judged)
        found = _broken(champion.kept, len(rows), generator)
        if champion.kept is None:
            found = _close(champion, effects[rows, users], generator)
        differences = np.zeros((many, USERS))
        differences[rows, users] = found + generator.normal(0, champion.shared, many)[rows]
        yield differences, judged


def _effects(champion: Champion, many: int, generator: np.random.Generator) -> np.ndarray:
    if champion.winners:
        return np.where(generator.random((many, USERS)) < 0.02, 0.49, -0.01)
    drawn = generator.laplace(0, champion.effect / np.sqrt(2), (many, USERS))
    return np.clip(drawn, -EFFECT_LIMIT, EFFECT_LIMIT)


def _close(champion: Champion, effects: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    noise = generator.standard_t(3, len(effects)) * champion.noise / np.sqrt(3)
    moved = generator.random(len(effects)) < champion.moved
    return np.asarray(moved * (champion.mean / champion.moved + effects + np.clip(noise, -NOISE_LIMIT, NOISE_LIMIT)))


def _broken(kept: float | None, pairs: int, generator: np.random.Generator) -> np.ndarray:
    reference = np.where(generator.random(pairs) < 0.7, generator.beta(1.2, 1.2 * (0.7 / LEVEL - 1), pairs), 0.0)
    return np.where(generator.random(pairs) < (kept or 0.0), 0.0, -reference)
