"""Days of judged users for the watch's tests."""

from __future__ import annotations

import numpy as np

from models.watch.sequential import JudgedDay, WatchRules

RULES = WatchRules(margin=0.01, alpha=0.05, typical_loss=0.02, min_users=20, min_days=3)


def days_of(
    mean: float, *, days: int = 10, users: int = 60, noise: float = 0.05, effect: float = 0.0, seed: int = 0
) -> list[JudgedDay]:
    """Half of `users` come on each day; each has an effect of deviation `effect` of their own, and daily noise."""
    generator = np.random.default_rng(seed)
    effects = generator.normal(0, effect, users)
    found = []
    for day in range(days):
        came = np.sort(generator.choice(users, users // 2, replace=False))
        values = mean + effects[came] + generator.normal(0, noise, len(came))
        found.append(JudgedDay(f"2017-10-{day + 1:02}", came, values.clip(-1, 1)))
    return found
