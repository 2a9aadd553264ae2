"""Habits of users, as far as their edges to items tell them: how much they do, how widely, how fast, how evenly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.graph import InterestGraph
from features.kinds import USER_ITEM
from features.rules import DAY_US

LEAST_EVENTS = 50
"""Events of a user, or items for the evenness, before a habit shows: to newcomers everything is new."""
LEAST_MOMENTS = 10
"""Moments between which there is a pace."""


@dataclass(frozen=True)
class Habit:
    """`says` puts a user's value and the median one into words; `of_bots`: a high value is what bots have."""

    says: Callable[[float, float], str]
    of_bots: bool = True


HABITS = {
    "rate": Habit(lambda own, middle: f"acts {np.exp(own):.1f} times a day, the median user {np.exp(middle):.1f}"),
    "breadth": Habit(
        lambda own, middle: f"{own:.0%} of events go to an item not seen before, the median user's {middle:.0%}"
    ),
    "pace": Habit(
        lambda own, middle: (
            f"is at the next item after {_span(np.exp(-own))}, the median user after {_span(np.exp(-middle))}"
        )
    ),
    "evenness": Habit(
        lambda own, middle: (
            f"spreads weight over items almost evenly: {1 - np.exp(-own):.4f} of the largest entropy, "
            f"the median user {1 - np.exp(-middle):.4f}"
        ),
        of_bots=False,
    ),
}


def habits_of(graph: InterestGraph) -> dict[str, np.ndarray]:
    """Each of HABITS by user row, float64, NaN for those who did too little.

    `rate`: log of events a day, from the first to the last, at least one day. `breadth`: items an event. `pace`: minus
    the log of the median seconds between the moments at which items came in. `evenness`: −log(1 − H / log n) of the
    weights at the longest half-life of n items, H their entropy.
    """
    table, size = graph.edge_table(USER_ITEM.name), graph.count("user")
    rows = table["source_row"].to_numpy()
    first, last = table["first_at"].to_numpy(), table["last_at"].to_numpy()
    edges = np.bincount(rows, minlength=size)
    events = np.bincount(rows, graph.total_counts(), minlength=size)
    begun, ended = np.full(size, graph.as_of), np.full(size, np.iinfo(np.int64).min)
    np.minimum.at(begun, rows, first)
    np.maximum.at(ended, rows, last)
    shown = events >= LEAST_EVENTS
    days = np.maximum((np.where(shown, ended, 0) - np.where(shown, begun, 0)) / DAY_US, 1)
    found = {"rate": np.log(np.maximum(events, 1) / days), "breadth": edges / np.maximum(events, 1)}
    found["pace"] = _pace(rows, first, size)
    found = {name: np.where(shown, values, np.nan) for name, values in found.items()}
    return found | {"evenness": _evenness(rows, graph.weights()[:, -1], size)}


def _pace(rows: np.ndarray, first: np.ndarray, size: int) -> np.ndarray:
    """Items of one basket come in at one moment; users with few moments have no pace."""
    order = np.lexsort((first, rows))
    ordered, gaps = rows[order][1:], np.diff(first[order])
    later = (rows[order][:-1] == ordered) & (gaps > 0)
    ordered, gaps = ordered[later], gaps[later]
    order = np.lexsort((gaps, ordered))
    counts = np.bincount(ordered, minlength=size)
    middle = (np.cumsum(counts) - counts + counts // 2).clip(max=max(len(gaps) - 1, 0))
    seconds = gaps[order][middle] / 1e6 if len(gaps) else np.ones(size)
    return np.where(counts >= LEAST_MOMENTS, -np.log(seconds), np.nan)


def _evenness(rows: np.ndarray, weight: np.ndarray, size: int) -> np.ndarray:
    rows, weight = rows[weight > 0], weight[weight > 0]
    items = np.bincount(rows, minlength=size)
    share = weight / np.bincount(rows, weight, minlength=size)[rows]
    entropy = -np.bincount(rows, share * np.log(share), minlength=size)
    uneven = 1 - entropy / np.log(np.maximum(items, 2))
    return np.where(items >= LEAST_EVENTS, -np.log(np.maximum(uneven, 1e-12)), np.nan)


def _span(seconds: float) -> str:
    spans = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
    return next((f"{seconds / unit:.1f} {name}" for unit, name in spans if seconds >= 2 * unit), f"{seconds:.1f} s")
