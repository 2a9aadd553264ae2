"""How the gate writes metrics and numbers."""

from __future__ import annotations

_SHORT = {"ndcg": "NDCG", "recall": "Recall", "hit_rate": "Hit rate", "map": "MAP"}


def metric_name(name: str) -> str:
    """`ndcg_at_20` as NDCG@20."""
    stem, _, k = name.partition("_at_")
    told = _SHORT.get(stem, stem.replace("_", " "))
    return f"{told}@{k}" if k else told


def signed(value: float) -> str:
    return f"{value:+.4f}"
