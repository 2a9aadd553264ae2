"""Pictures for the MLflow run: what the fit did step by step, and how the models compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure


def draw_curves(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Small plots over the steps; curves whose names differ in the last word alone share one."""
    families = _families(curves)
    columns = min(3, len(families))
    rows = -(-len(families) // columns)
    figure = Figure(figsize=(4 * columns, 2.6 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis, (name, members) in zip(axes, families.items(), strict=False):
        for member, values in members.items():
            axis.plot(range(len(values)), values, marker="o", markersize=3, label=member)
        if len(members) > 1:
            axis.legend(fontsize=7)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    for axis in axes[len(families) :]:
        axis.set_axis_off()
    return figure


def _families(curves: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Sequence[float]]]:
    """Last words to values, by the words before them; a curve that shares those with no other is told by its name."""
    starts = Counter(name.rpartition("_")[0] for name in curves)
    found: dict[str, dict[str, Sequence[float]]] = {}
    for name, values in curves.items():
        start, _, end = name.rpartition("_")
        family, member = (start, end) if start and starts[start] > 1 else (name, name)
        found.setdefault(family, {})[member] = values
    return found


def draw_metrics(metrics: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Figure:
    """NDCG and Recall of every model on all items and on new items, as bars with their values."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    models = list(metrics)
    wanted = [(part, name) for part in ("all", "new") for name in _main_metrics(metrics)]
    for axis, (part, name) in zip(figure.subplots(2, 2).flat, wanted, strict=True):
        bars = axis.barh(models, [metrics[model].get(part, {}).get(name, float("nan")) for model in models])
        axis.bar_label(bars, fmt="%.4f", fontsize=8, padding=2)
        axis.set_title(f"{name}, {part} items", fontsize=10)
        axis.invert_yaxis()
        axis.margins(x=0.2)
    return figure


def _main_metrics(metrics: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Those of the whole list: of the largest cutoff."""
    names = {name for model in metrics.values() for part in model.values() for name in part}
    wanted = [[name for name in names if name.startswith(f"{start}_at_")] for start in ("ndcg", "recall")]
    return [max(same, key=lambda name: int(name.rpartition("_")[2])) for same in wanted]
