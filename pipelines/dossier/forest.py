"""The forest plot: where each slice's difference, its bounds and its margin lie on the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from matplotlib.ticker import MaxNLocator

WIDTH, LEFT, RIGHT = 960.0, 210.0, 690.0
"""Units of the picture; between LEFT and RIGHT differences are drawn, beside them words stand."""
TOP, ROW = 26.0, 22.0


def lay_out(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A plot for each metric of `rows` (as `tell_slices` has them): height, ticks, and marks with their places.

    Judged slices set the scale: bounds of a slice of few users may run out of it, and are cut there.
    """
    return [
        {"name": name, "width": WIDTH, "left": LEFT, "right": RIGHT, "top": TOP, "row": ROW, **_plot(list(same))}
        for name, same in groupby(rows, key=lambda row: row["name"])
    ]


def _plot(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    low, high = _scale(rows)

    def place(value: float) -> float:
        return round(LEFT + (value - low) / (high - low) * (RIGHT - LEFT), 2)

    ticks = [tick for tick in map(float, MaxNLocator(6).tick_values(low, high)) if low <= tick <= high]
    return {
        "height": TOP + ROW * len(rows) + 30,
        "bottom": TOP + ROW * len(rows),
        "zero": place(0.0),
        "ticks": [{"x": place(tick), "value": tick} for tick in ticks],
        "marks": [_mark(position, row, low, high, place) for position, row in enumerate(rows)],
    }


def _scale(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """From the judged rows (all rows where none is), with nought inside and some room at both ends."""
    setting = [row for row in rows if row["judged"]] or rows
    seen = [0.0] + [
        row[name] for row in setting for name in ("lower", "upper", "difference", "threshold") if row[name] is not None
    ]
    low, high = min(seen), max(seen)
    room = 0.06 * (high - low) or 1e-4
    return low - room, high + room


def _mark(position: int, row: Mapping[str, Any], low: float, high: float, place: Any) -> dict[str, Any]:
    def inside(value: float) -> float:
        return place(min(max(value, low), high))

    threshold = row["threshold"]
    return {
        **row,
        "y": TOP + ROW * position + ROW / 2,
        "x": inside(row["difference"]),
        "x_lower": inside(row["lower"]),
        "x_upper": inside(row["upper"]),
        "x_margin": None if threshold is None or not low <= threshold <= high else place(threshold),
        "cut_left": row["lower"] < low,
        "cut_right": row["upper"] > high,
    }
