"""Pictures for the MLflow run: what the fit did step by step, and how the models compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure


def draw_curves(curves: Mapping[str, Sequence[float]]) -> Figure:
    """One small plot for each curve, over its steps."""
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(4 * columns, 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for axis, (name, values) in zip(axes, curves.items(), strict=False):
        axis.plot(range(len(values)), values, marker="o", markersize=3)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    for axis in list(axes)[: rows * columns - len(curves)]:
        axis.set_axis_off()
    return figure


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
    names = [name for model in metrics.values() for part in model.values() for name in part]
    return [next(name for name in names if name.startswith(start)) for start in ("ndcg", "recall")]
