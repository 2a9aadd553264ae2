"""A user's ego graph as a picture: what they care about, how strongly, and how it faded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from features.ego import Interest, labels

_LASTING, _RECENT = "#2b6cb0", "#dd6b20"
_TINT = LinearSegmentedColormap.from_list("interest", [_LASTING, _RECENT])
_MARKS = {"category": "o", "item": "s", "brand": "D", "query": "^"}
_BOX = {"boxstyle": "round,pad=0.6", "facecolor": "#2d3748", "edgecolor": "none"}
MOST = 6
"""Of each kind; more could not be read."""


def draw_ego(
    user: str, found: Mapping[str, Sequence[Interest]], past: Mapping[str, Sequence[float]], as_of: str
) -> Figure:
    """`found`: interests by kind, the heaviest first. `past`: by window, the oldest first, the weights of the heaviest
    categories in it, in the order of `found`."""
    figure = Figure(figsize=(15, 8), layout="constrained")
    ego, fading = figure.subplots(1, 2, width_ratios=[1.7, 1])
    figure.suptitle(f"What {user} cares about, as of {as_of}", fontsize=15)
    _draw_graph(ego, user, found)
    _draw_past(fading, found.get("category", ())[:5], past)
    return figure


def short_name(name: str, width: int = 26) -> str:
    """`name` cut to `width` letters."""
    return name if len(name) <= width else name[: width - 1].rstrip() + "…"


def _draw_graph(axes: Axes, user: str, found: Mapping[str, Sequence[Interest]]) -> None:
    """The user in the middle, round it one kind after the other, names in two columns."""
    axes.set_axis_off()
    axes.set_xlim(-2.6, 2.6)
    axes.set_ylim(-1.6, 1.6)
    present = {kind: list(interests[:MOST]) for kind, interests in found.items() if interests}
    spots = [
        _Spot(kind, labels(interests)[each.name], each, max(e.long for e in interests))
        for kind, interests in present.items()
        for each in interests
    ]
    angles = 2 * np.pi * (np.arange(len(spots)) + 0.5) / max(1, len(spots))
    for spot, angle in zip(spots, angles, strict=True):
        spot.draw(axes, float(angle))
    for side in (-1, 1):
        _name(
            axes,
            [(spot, float(angle)) for spot, angle in zip(spots, angles, strict=True) if side * np.cos(angle) > 0],
            side,
        )
    axes.annotate(short_name(user), (0, 0), color="white", ha="center", va="center", bbox=_BOX, zorder=4)
    for kind in present:
        axes.scatter([], [], marker=_MARKS[kind], color="#718096", label=kind)
    for colour, label in ((_LASTING, "lasting"), (_RECENT, "recent")):
        axes.plot([], [], color=colour, linewidth=4, label=label)
    axes.legend(loc="lower center", frameon=False, ncols=6, bbox_to_anchor=(0.5, -0.04))


@dataclass(frozen=True)
class _Spot:
    kind: str
    label: str
    interest: Interest
    heaviest: float

    def draw(self, axes: Axes, angle: float) -> None:
        share = self.interest.long / self.heaviest
        colour = _TINT(recent_share(self.interest))
        x, y = np.cos(angle), np.sin(angle)
        axes.plot([0, x], [0, y], color=colour, linewidth=0.8 + 5 * share, alpha=0.55, zorder=1)
        axes.scatter(x, y, s=60 + 420 * share, marker=_MARKS[self.kind], color=colour, edgecolors="white", zorder=2)


def recent_share(interest: Interest) -> float:
    """0 for what lies far back, 1 for what is all of late; the root, since of a steady interest little is of late."""
    return min(1.0, (interest.short / interest.long) ** 0.5) if interest.long else 0.0


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights in rising order, moved as little as need be to lie at least `gap` apart, about the same middle."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    shift = (sum(placed) - sum(heights)) / max(1, len(placed))
    return [height - shift for height in placed]


def _name(axes: Axes, spots: Sequence[tuple[_Spot, float]], side: int) -> None:
    """The names of one side's spots in a column, each with a line to its spot."""
    ordered = sorted(spots, key=lambda spot: np.sin(spot[1]))
    heights = spread([1.25 * float(np.sin(angle)) for _, angle in ordered], 0.22)
    for (spot, angle), height in zip(ordered, heights, strict=True):
        axes.plot([np.cos(angle), 1.38 * side], [np.sin(angle), height], color="#cbd5e0", linewidth=0.8, zorder=0)
        axes.annotate(
            f"{short_name(spot.label)}\n{spot.interest.long:.2f}",
            (1.42 * side, height),
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=8,
        )


def _draw_past(axes: Axes, interests: Sequence[Interest], past: Mapping[str, Sequence[float]]) -> None:
    axes.set_title("How it faded: weight at the end of each window")
    called = labels(interests)
    for place, each in enumerate(interests):
        line = axes.plot(list(past), [weights[place] for weights in past.values()], marker="o", markersize=4)[0]
        line.set_label(short_name(called[each.name], 30))
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", rotation=60)
    axes.spines[["top", "right"]].set_visible(False)
    if interests:
        axes.legend(frameon=False, fontsize=8)
    if len(past) < 2:
        axes.text(0.5, 0.5, "only one window has a graph", transform=axes.transAxes, ha="center", color="#718096")
