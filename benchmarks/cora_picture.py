"""Cora's test accuracy by epoch, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.cora_networks import Curves

_COLOURS = ("#4a5568", "#2b6cb0", "#dd6b20")
_NEAR = (0.76, 0.84)
"""The accuracies that the right half shows large."""


def draw_curves(learned: Mapping[str, Sequence[Curves]], asked: float) -> Figure:
    """For each network the mean over seeds, within the band of all; a line at `asked`. Right: the same, nearer."""
    figure = Figure(figsize=(13, 5.5), layout="constrained")
    whole, near = figure.subplots(1, 2)
    figure.suptitle("Cora: test accuracy by epoch, mean over seeds and the band of all seeds", fontsize=14)
    for axes in (whole, near):
        _draw(axes, learned, asked)
    near.set_title(f"the same from {_NEAR[0]:.0%} to {_NEAR[1]:.0%}", fontsize=11)
    near.set_ylim(*_NEAR)
    whole.set_ylim(0, 1)
    whole.legend(loc="lower right", fontsize=11)
    return figure


def _draw(axes: Axes, learned: Mapping[str, Sequence[Curves]], asked: float) -> None:
    for (name, runs), colour in zip(learned.items(), _COLOURS, strict=True):
        tests = np.stack([curves.test for curves in runs])
        epochs = np.arange(1, tests.shape[1] + 1)
        told = np.mean([curves.told for curves in runs])
        axes.plot(epochs, tests.mean(axis=0), color=colour, linewidth=1.8, label=f"{name} ({told:.1%})")
        axes.fill_between(epochs, tests.min(axis=0), tests.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    axes.axhline(asked, color="black", linewidth=1, linestyle=":", label=f"asked of GCN ({asked:.1%})")
    axes.set_xlabel("epoch", fontsize=12)
    axes.set_ylabel("test accuracy", fontsize=12)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.grid(alpha=0.25)
    axes.margins(x=0)
