"""Then and now: hashes, numbers and tensors of a version and of what was rebuilt. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from models.state import State

TOLERANCE = 1e-6
NOT_COMPARED = ("cost/", "events/", "graph/", "fit/", "model/latency_ms", "shadow/", "realised/")
"""Names of numbers that tell of the machine, of other steps, of a shadow, of what came after the version was published,
or, of the graph, less than its hash."""


@dataclass(frozen=True)
class Pair:
    """A digest of then and of now; None where it is not known."""

    then: str | None
    now: str | None

    @property
    def same(self) -> bool:
        return self.then is not None and self.then == self.now


@dataclass(frozen=True)
class Number:
    """A number of then and of now, by the name it has in MLflow."""

    name: str
    then: float
    now: float

    @property
    def difference(self) -> float:
        return abs(self.now - self.then)

    @property
    def same(self) -> bool:
        """NaN is as good as nothing: it is the same as no number."""
        return self.difference <= TOLERANCE


def compare_numbers(then: Mapping[str, float], now: Mapping[str, float]) -> tuple[list[Number], list[str]]:
    """Numbers of both, and the names of those that only one has."""
    first, second = ({name: value for name, value in told.items() if _counts(name)} for told in (then, now))
    both = [Number(name, first[name], second[name]) for name in sorted(first.keys() & second.keys())]
    return both, sorted(first.keys() ^ second.keys())


def largest_difference(then: State, now: State) -> float | None:
    """Between the tensors of two states; None where they have other tensors or shapes, or what is no finite number."""
    if then.tensors.keys() != now.tensors.keys():
        return None
    largest = 0.0
    for name, tensor in then.tensors.items():
        if tensor.shape != now.tensors[name].shape:
            return None
        apart = float((tensor.double() - now.tensors[name].double()).abs().max()) if tensor.numel() else 0.0
        if not math.isfinite(apart):
            return None
        largest = max(largest, apart)
    return largest


def _counts(name: str) -> bool:
    return "/" in name and not name.startswith(NOT_COMPARED)
