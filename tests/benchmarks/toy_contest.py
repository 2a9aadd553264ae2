"""The toy shop as a contest: two lessons, and the shop after them."""

from __future__ import annotations

from typing import Any

from benchmarks.contests.contest import Contest
from tests.models.toy import LACKS, lessons, pairs, shop


class Toy(Contest):
    """Graphs that are made as tensors, not folded."""

    @property
    def heteros(self) -> list[Any]:  # type: ignore[override]
        return [*(lesson.graph for lesson in lessons()), shop()]


def toy_contest(judged: tuple[str, ...] = ("all",)) -> Toy:
    """The first span is for tuning, the other two for testing; in the last everyone takes the item they lack."""
    taken = [*(lesson.next_pairs for lesson in lessons()), pairs(list(LACKS.items()))]
    return Toy("toy", [], taken, range(1), range(1, 3), judged)
