"""What one training step of LightGCN costs over `edge_index`, and over a symmetric CSR adjacency."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from benchmarks.figures import table
from benchmarks.replay import stopwatch
from benchmarks.step_ways import BATCH, FACTORS, LAYERS, OURS, Batch, Pairs, Way, csr_ways, gowalla, published_ways
from models.threads import one_thread

REPEATS, SEED = 7, 11
PRODUCTS = f"{2 * LAYERS} products of the adjacency with [nodes, {FACTORS}]"
ASKED = {
    "pyg_edge_index_to_ours": "at least 20",
    "ours_to_six_spmm": "at most 1.3",
    "gradient_error": "at most 1e-5",
}


def run() -> tuple[str, dict[str, float]]:
    """The section's text and its figures."""
    pairs, random = gowalla(), torch.Generator().manual_seed(SEED)
    with one_thread():
        published, ours = published_ways(pairs), csr_ways(pairs)
        errors = gradient_errors(published | ours, pairs.draw(random))
        seconds = measure(published | ours, pairs, random)
    fastest = min(seconds[name] for name in published)
    figures = {
        "pyg_edge_index_to_ours": fastest / seconds[OURS],
        "ours_to_six_spmm": seconds[OURS] / seconds[PRODUCTS],
        "gradient_error": errors[OURS],
    }
    return _text(pairs, seconds, errors, figures), figures


def gradient_errors(ways: Mapping[str, Way], batch: Batch) -> dict[str, float]:
    """How far each way's gradient to the embeddings is from the first way's: the largest difference of any number,
    relative to the largest number."""
    gradients = {name: way.gradient(batch).clone() for name, way in ways.items()}
    first = next(iter(gradients.values()))
    return {name: float((gradient - first).abs().max() / first.abs().max()) for name, gradient in gradients.items()}


def measure(ways: Mapping[str, Way], pairs: Pairs, random: torch.Generator) -> dict[str, float]:
    """Median CPU seconds of a step, one way after the other, on the same batches."""
    x, adjacency = torch.randn(pairs.nodes, FACTORS, generator=random), pairs.adjacency
    spent: dict[str, list[float]] = {name: [] for name in [*ways, PRODUCTS]}
    for repeat in range(REPEATS):
        print(f"repeat {repeat + 1} of {REPEATS}", file=sys.stderr)
        batches = pairs.draw(random), pairs.draw(random)
        for name, way in ways.items():
            spent[name].append(_second(way.step, *batches))
        spent[PRODUCTS].append(_second(lambda _: _multiply(adjacency, x), *batches))
    return {name: statistics.median(times) for name, times in spent.items()}


def _second(act: Callable[[Batch], object], first: Batch, second: Batch) -> float:
    """CPU seconds of the second of two acts: the first finds memory as another way left it."""
    act(first)
    with stopwatch() as spent:
        act(second)
    return spent[0]


def _multiply(adjacency: Tensor, x: Tensor) -> None:
    for _ in range(2 * LAYERS):
        adjacency @ x


def _text(pairs: Pairs, seconds: Mapping[str, float], errors: Mapping[str, float], figures: Mapping[str, float]) -> str:
    rows: list[dict[str, object]] = [
        {
            "way": name,
            "CPU s": spent,
            "to the products": f"{spent / seconds[PRODUCTS]:.2f}",
            "gradient error": f"{errors[name]:.1e}" if name in errors else "–",
        }
        for name, spent in seconds.items()
    ]
    told: list[dict[str, object]] = [
        {"figure": name, "is": f"{value:.3g}", "asked for": ASKED[name]} for name, value in figures.items()
    ]
    return f"""## A training step of LightGCN (`make bench-step`)

The Gowalla split of the LightGCN paper (below `TIDEGRAPH_DATA`): {pairs.users:,} users, {pairs.items:,} items,
{pairs.taken.shape[1]:,} pairs. {FACTORS} factors, {LAYERS} layers, batches of {BATCH:,} pairs with one negative each;
forward, BPR loss, backward, and Adam (fused) over all embeddings. *PyG* is PyTorch Geometric's `LightGCN`. CPU seconds
on one thread, the median of {REPEATS} repeats, all ways in turn. *Gradient error*: the largest difference of any number
of the embeddings' gradient to that of the first way, relative to its largest number.

{table(rows)}

{table(told)}

`pyg_edge_index_to_ours` takes the faster of the two over `edge_index`. *Ours* is the last way but the products: a step
takes {2 * LAYERS} products, half of them backward, but the last one forward and the first one backward are with the
rows of the batch's nodes alone.
"""
