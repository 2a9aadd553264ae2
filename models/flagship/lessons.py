"""From a slice to rows that say what each user took next."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.flagship.candidates import candidates
from models.flagship.inputs import build_rows
from models.flagship.rows import Rows
from models.flagship.settings import RankerSettings
from models.flagship.standing import Standing


def make_lesson(
    standing: Standing, next_pairs: Tensor, hop_mix: Tensor, settings: RankerSettings, generator: torch.Generator
) -> Rows:
    """Half-precision rows of the users who took a candidate: all they took, and a share of what they did not.

    `next_pairs` [2, n]; pairs of users or items that `standing` does not know, and items that were no candidates, teach
    nothing.
    """
    pairs = next_pairs.numpy()
    user, item = pairs[:, (pairs[0] < standing.users) & (pairs[1] < standing.items)]
    users = np.unique(user)
    place, candidate = candidates(standing, users, hop_mix, settings)
    wanted = np.sort(np.searchsorted(users, user) * standing.items + item)
    taken = _contains(wanted, place * standing.items + candidate)
    drawn = torch.rand(len(taken), generator=generator).numpy() < settings.negatives
    learner = np.bincount(place[taken], minlength=len(users)) > 0
    kept = (taken | drawn) & learner[place]
    renumbered = np.cumsum(learner) - 1
    return build_rows(standing, users[learner], renumbered[place[kept]], candidate[kept], taken[kept]).half()


def _contains(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    return keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
