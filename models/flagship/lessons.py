"""From a slice to rows that say what each user took next."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from models.flagship.candidates import Candidates, candidates
from models.flagship.inputs import build_rows
from models.flagship.keys import contains
from models.flagship.rows import Rows
from models.flagship.settings import RankerSettings
from models.flagship.standing import Standing


def make_lesson(
    standing: Standing,
    next_pairs: Tensor,
    hop_mix: Tensor,
    settings: RankerSettings,
    most: int,
    generator: torch.Generator,
) -> Rows:
    """Half-precision rows of users who took a candidate: all they took, and a share of what they did not.

    At most `most` users, drawn evenly. `next_pairs` [2, n]; pairs of users or items that `standing`
    does not know, and items that were no candidates, teach nothing.
    """
    pairs = next_pairs.numpy()
    user, item = pairs[:, (pairs[0] < standing.users) & (pairs[1] < standing.items)]
    users = _drawn(np.unique(user), most, generator)
    user, item = (part[np.isin(user, users)] for part in (user, item))
    found = candidates(standing, users, hop_mix, settings)
    place = found.place
    wanted = np.sort(np.searchsorted(users, user) * standing.items + item)
    taken = contains(wanted, place * standing.items + found.item)
    drawn = torch.rand(len(taken), generator=generator).numpy() < settings.negatives
    learner = np.bincount(place[taken], minlength=len(users)) > 0
    kept = (taken | drawn) & learner[place]
    renumbered = np.cumsum(learner) - 1
    walks = None if found.walks is None else found.walks[kept]
    learned_from = Candidates(renumbered[place[kept]], found.item[kept], walks)
    return build_rows(standing, users[learner], learned_from, taken[kept]).half()


def _drawn(users: np.ndarray, limit: int, generator: torch.Generator) -> np.ndarray:
    """At most `limit` of the sorted `users`, sorted."""
    if len(users) <= limit:
        return users
    return np.sort(users[torch.randperm(len(users), generator=generator)[:limit].numpy()])
