"""How well and how dearly a way of recommending did on a contest."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.contests.contest import Contest
from benchmarks.strategies import Strategy
from models.metrics import evaluate_slice
from models.resampling import bootstrap_mean
from models.threads import one_thread


@dataclass
class Scores:
    """`ndcg[slice]` [seeds, users of all spans] of each judged slice, `cpu_seconds` [seeds, spans]."""

    ndcg: dict[str, np.ndarray] = field(default_factory=dict)
    cpu_seconds: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    spans: dict[str, np.ndarray] = field(default_factory=dict)

    def by_seed(self, slice_: str) -> np.ndarray:
        """[seeds] mean over spans of the mean over a span's users."""
        values, span = self.ndcg[slice_], self.spans[slice_]
        return np.mean([values[:, span == one].mean(axis=1) for one in np.unique(span)], axis=0)

    def mean(self, slice_: str) -> float:
        return float(self.by_seed(slice_).mean())

    def spread(self, slice_: str) -> float:
        """The standard deviation over seeds; 0 for a single one."""
        return float(self.by_seed(slice_).std(ddof=1)) if len(self.ndcg[slice_]) > 1 else 0.0

    def cpu(self) -> float:
        """Mean CPU seconds of bringing a model to the next span."""
        return float(self.cpu_seconds.mean())


def judge(
    contest: Contest, strategy: Strategy, kind: str, settings: Mapping[str, Any], *, seeds: Iterable[int], k: int
) -> Scores:
    """Every user with something to be found in a span for testing is judged on all items, once for each seed."""
    found: dict[str, list[np.ndarray]] = {}
    spans: dict[str, np.ndarray] = {}
    cpu = []
    for seed in seeds if "seed" in settings else [0]:
        seeded = {**settings, "seed": seed} if "seed" in settings else settings
        runs: dict[str, list[np.ndarray]] = {slice_: [] for slice_ in contest.judged}
        spent = []
        with one_thread():
            for kept in strategy(contest, kind, seeded):
                graph, taken = contest.heteros[kept.span], contest.taken[kept.span]
                for slice_ in contest.judged:
                    runs[slice_].append(evaluate_slice(slice_, kept.recommender, taken, graph, k).ndcg.numpy())
                spent.append(kept.cpu_seconds)
        for slice_, parts in runs.items():
            found.setdefault(slice_, []).append(np.concatenate(parts))
            spans[slice_] = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        cpu.append(spent)
        print(f"{contest.name}: {kind}, seed {seed}: {_told(runs)}; {sum(spent):.1f} CPU-s", file=sys.stderr)
    return Scores({slice_: np.stack(parts) for slice_, parts in found.items()}, np.array(cpu), spans)


def gain(ours: Scores, theirs: Scores, slice_: str) -> str:
    """Ours over theirs less one, with the 95 % interval of a bootstrap over users; each user's mean over seeds."""
    difference = ours.ndcg[slice_].mean(axis=0) - theirs.ndcg[slice_].mean(axis=0)
    level = theirs.ndcg[slice_].mean()
    bounds = bootstrap_mean(difference, confidence=0.975, resamples=2000, seed=7)
    return f"{bounds.mean / level:+.1%} ({bounds.lower / level:+.1%} to {bounds.upper / level:+.1%})"


def _told(runs: Mapping[str, Sequence[np.ndarray]]) -> str:
    return ", ".join(
        f"{slice_} " + " ".join(f"{float(part.mean()):.4f}" for part in parts) for slice_, parts in runs.items()
    )
