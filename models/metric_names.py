"""What is measured of a model: each metric's meaning, range, and which way is better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

CUTOFFS = (5, 10)
"""Lists are also judged by their first so many places, where these are fewer than `k`."""


@dataclass(frozen=True)
class Metric:
    """`of` tells what has a value: each `user`, the `lists` of a slice together, or the `model` as a whole."""

    means: str
    of: Literal["user", "lists", "model"]
    low: float = 0.0
    high: float = 1.0
    lower_is_better: bool = False


_AT_CUTOFFS = {
    "ndcg": Metric("how far up the list what the user took next stands", "user"),
    "recall": Metric("share of what the user took next that is in the list", "user"),
    "hit_rate": Metric("share of users whose list holds something they took next", "user"),
    "map": Metric("precision at each place that was right, averaged", "user"),
}
_AT_K = {
    "novelty": Metric(
        "how rare the list's items are, in bits: −log2 of the share of users who have one", "user", high=64
    ),
    "diversity": Metric("share of pairs of items in the list that are of different categories", "user"),
    "popularity_lift": Metric(
        "how much more popular the list is than what the user has, less 1", "user", -1, math.inf, lower_is_better=True
    ),
    "category_divergence": Metric(
        "how far the list's categories are from the user's own, in nats", "user", 0, math.inf, lower_is_better=True
    ),
    "coverage": Metric("share of all items that stand in some list", "lists"),
    "personalisation": Metric("share of a list that another user's list does not have, on average", "lists"),
    "score_error": Metric(
        "expected calibration error of scores as log odds within the list", "lists", lower_is_better=True
    ),
}
_OF_THE_MODEL = {
    "latency_ms": Metric("time to rank all items for one user", "model", high=math.inf, lower_is_better=True),
    "size_mb": Metric("size of the model's state", "model", high=math.inf, lower_is_better=True),
    "forgetting": Metric("NDCG lost on past windows, of the best any model since had", "model", -1, 1, True),
    "backward_transfer": Metric("NDCG gained on past windows since each was learned", "model", -1, 1),
}


def known_metrics(k: int) -> dict[str, Metric]:
    """All metrics by the name they have in tables, rules and MLflow, for lists of `k`."""
    cutoffs = (*(each for each in CUTOFFS if each < k), k)
    accuracy = {f"{name}_at_{cutoff}": metric for cutoff in cutoffs for name, metric in _AT_CUTOFFS.items()}
    return accuracy | {f"{name}_at_{k}": metric for name, metric in _AT_K.items()} | _OF_THE_MODEL
