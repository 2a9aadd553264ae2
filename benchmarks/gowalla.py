"""`python -m benchmarks gowalla`: the flagship on Gowalla's public split, beside what others published on it."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.contests.contest import Contest
from benchmarks.contests.split import split
from benchmarks.figures import table
from benchmarks.step import measure
from benchmarks.step_ways import BATCH, FACTORS, LAYERS, gowalla, published_ways
from benchmarks.strategies import full_refit
from benchmarks.tune import FLAGSHIP, K, found_settings
from models.metrics import evaluate_slice
from models.threads import one_thread
from pipelines.errors import SourceError

EPOCHS, SEEDS = 1000, range(7, 12)
"""LightGCN's, and those of the flagship's fits."""
GF_CF = {"half_life": 7.0, "factors": 256, "ideal": 0.3}
"""As its paper has them; nothing fades on this split."""
PUBLISHED = {
    "LightGCN (paper)": (0.1830, 0.1554),
    "GF-CF (BARS)": (0.1849, 0.1518),
    "UltraGCN (BARS)": (0.1862, 0.1580),
    "SimpleX (BARS)": (0.1872, 0.1557),
    "NESCL (BARS)": (0.1917, 0.1617),
    "BSPM-EM (BARS)": (0.1920, 0.1597),
}
"""Recall@20 and NDCG@20. BARS: the leaderboard of openbenchmark.github.io."""


def run() -> tuple[str, dict[str, float]]:
    """The section's text and its figures. The split's pairs to be found are touched here and nowhere else."""
    chosen = found_settings().get("split", {}).get(FLAGSHIP)
    if chosen is None:
        raise SourceError("no settings were chosen for split", where="tuned", mend='run `make tune CONTESTS="split"`')
    contest = split()
    ours = [_judged(contest, FLAGSHIP, chosen["new"]["settings"] | {"seed": seed}) for seed in SEEDS]
    control = _judged(contest, "graph_filter", GF_CF)
    step, steps = _lightgcn_step(), EPOCHS * math.ceil(gowalla().taken.shape[1] / BATCH)
    mean = {name: statistics.fmean(found[name] for found in ours) for name in ours[0]}
    figures = {
        f"recall_at_{K}": mean["recall"],
        f"ndcg_at_{K}": mean["ndcg"],
        "cpu_to_lightgcn_1000_epochs": mean["cpu"] / (step * steps),
    }
    return _text(ours, control, step, steps), figures


def _judged(contest: Contest, kind: str, settings: Mapping[str, Any]) -> dict[str, float]:
    """Means over users, and the CPU seconds of learning."""
    with one_thread():
        kept = next(full_refit(contest, kind, settings))
        graph = contest.heteros[kept.span]
        judged = evaluate_slice("new", kept.recommender, contest.taken[kept.span], graph, K)
    found = {"recall": float(judged.recall.mean()), "ndcg": float(judged.ndcg.mean()), "cpu": kept.cpu_seconds}
    print(f"{kind}, seed {settings.get('seed', '–')}: {found}", file=sys.stderr)
    return found


def _lightgcn_step() -> float:
    """CPU seconds of one training step of PyTorch Geometric's LightGCN over an `edge_index`, the faster of its ways."""
    pairs = gowalla()
    with one_thread():
        seconds = measure(published_ways(pairs), pairs, torch.Generator().manual_seed(SEEDS[0]))
    return min(seconds[name] for name in published_ways(pairs))


def _text(ours: list[dict[str, float]], control: Mapping[str, float], step: float, steps: int) -> str:
    means, spreads = (
        {name: part([found[name] for found in ours]) for name in ours[0]}
        for part in (statistics.fmean, statistics.stdev)
    )
    rows: list[dict[str, object]] = [
        {"model": name, f"Recall@{K}": recall, f"NDCG@{K}": ndcg, "CPU s": "–"}
        for name, (recall, ndcg) in PUBLISHED.items()
    ]
    rows.append(
        {"model": "GF-CF, here", f"Recall@{K}": control["recall"], f"NDCG@{K}": control["ndcg"]}
        | {"CPU s": f"{control['cpu']:.1f}"}
    )
    told = {
        f"{label}@{K}": f"{means[name]:.4f} ± {spreads[name]:.4f}"
        for label, name in (("Recall", "recall"), ("NDCG", "ndcg"))
    }
    rows.append({"model": "flagship", **told, "CPU s": f"{means['cpu']:.1f}"})
    return f"""## Gowalla's public split (`make bench-gowalla`)

The split of the LightGCN paper (below `TIDEGRAPH_DATA`), which has no times: nothing fades, and there is nothing to
update. Settings were chosen by `make tune` on pairs held out of those for learning; the gate learns from these pairs
too. All users with something to be found are judged on all items they do not have; means of {len(SEEDS)} seeds, ± the
deviation over seeds. CPU seconds of learning, from the graph in memory to the saved state. A training step of PyTorch
Geometric's LightGCN over an `edge_index` ({FACTORS} factors, {LAYERS} layers, {BATCH:,} pairs) took {step:.3f} CPU
seconds in this run, so that {EPOCHS:,} epochs ({steps:,} steps) are {step * steps:,.0f}: the flagship takes
{means["cpu"] / (step * steps):.1e} of them.

{table(rows)}
"""
