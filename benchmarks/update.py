"""What an incremental update costs and keeps, against a full fit and against only refreshing the graph."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.figures import table
from benchmarks.replay import Learned, learn_from, learn_in_full, only_refresh, prepare, truth
from features.hetero import to_hetero
from models.metrics import evaluate
from models.resampling import bootstrap_mean
from pipelines.context import Context

START, UPDATES, WEEK = datetime(2017, 10, 1, tzinfo=UTC), 3, timedelta(days=7)


def run() -> tuple[str, dict[str, float]]:
    """One full fit up to `START`, then three weekly updates; each is judged on all purchases of the week after."""
    context = prepare("2017-10-29")
    incremental = graph_only = learn_in_full(context, START)
    cpu: dict[str, list[float]] = {"full": [], "incremental": [], "graph_only": []}
    ndcg: dict[str, list[np.ndarray]] = {name: [] for name in cpu}
    for index in range(UPDATES):
        start, end = START + index * WEEK, START + (index + 1) * WEEK
        full = learn_in_full(context, end)
        incremental = learn_from(incremental, context, start, end)
        graph_only = only_refresh(graph_only, context, start, end)
        for name, learned in (("full", full), ("incremental", incremental), ("graph_only", graph_only)):
            cpu[name].append(learned.cpu_seconds)
            ndcg[name].append(_ndcg(learned, context, end))
    return _tell(cpu, ndcg, context)


def _ndcg(learned: Learned, context: Context, end: datetime) -> np.ndarray:
    hetero = to_hetero(learned.graph)
    pairs = truth(context, learned.graph, end, end + WEEK)
    return evaluate(learned.over(hetero), pairs, hetero, context.params.evaluate.k)["all"].ndcg.numpy()


def _tell(
    cpu: dict[str, list[float]], ndcg: dict[str, list[np.ndarray]], context: Context
) -> tuple[str, dict[str, float]]:
    figures = {f"{name}_cpu_seconds": float(np.mean(seconds)) for name, seconds in cpu.items()}
    figures |= {f"{name}_ndcg": float(np.mean([values.mean() for values in weeks])) for name, weeks in ndcg.items()}
    gain = np.concatenate([a - b for a, b in zip(ndcg["incremental"], ndcg["graph_only"], strict=True)])
    gate = context.params.gate
    bounds = bootstrap_mean(gain, resamples=gate.resamples, confidence=gate.confidence, seed=gate.seed)
    figures |= {"incremental_to_full_cpu": figures["incremental_cpu_seconds"] / figures["full_cpu_seconds"]}
    figures |= {"incremental_to_full_quality": figures["incremental_ndcg"] / figures["full_ndcg"]}
    figures |= {"graph_only_to_full_quality": figures["graph_only_ndcg"] / figures["full_ndcg"]}
    rows: list[dict[str, object]] = [
        {
            "way": name,
            "CPU s": f"{figures[f'{name}_cpu_seconds']:.1f}",
            "NDCG@20": figures[f"{name}_ndcg"],
            "CPU to full": f"{figures[f'{name}_cpu_seconds'] / figures['full_cpu_seconds']:.3f}",
            "NDCG to full": f"{figures[f'{name}_ndcg'] / figures['full_ndcg']:.4f}",
        }
        for name in cpu
    ]
    told = "cannot be told from" if bounds.lower <= 0 <= bounds.upper else "differs from"
    text = (
        "## Incremental update against full fit (`make bench-update`)\n\n"
        f"Complete Journey, {UPDATES} weekly updates from {START:%Y-%m-%d}; mean over updates; each judged on all "
        "purchases of the week after; CPU from the fold to the saved weights, one thread.\n\n"
        f"{table(rows)}\n\nLearning {told} only refreshing the graph: mean difference {bounds.mean:+.5f} NDCG@20, "
        f"one-sided {gate.confidence:.0%} bounds {bounds.lower:+.5f} and {bounds.upper:+.5f}, {len(gain)} pairs."
    )
    return text, figures
