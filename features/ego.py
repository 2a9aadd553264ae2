"""What one user cares about: the edges of a user, by name, with weights, counts and times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import ids
from features.categories import innermost, told_apart
from features.graph import InterestGraph
from features.merge import is_count
from features.profile import edges_of, weights_of
from features.rules import DAY_US

KINDS = {"category": "user_category", "brand": "user_brand", "item": "user_item", "query": "user_query"}
"""What a user may care about, and the kind of edge that tells of it."""


@dataclass(frozen=True)
class Interest:
    """`kind`: one of KINDS. `short` and `long`: weights at the shortest and longest half-life of the kind, as of the
    graph's instant. `counts`: events by type, those that occurred; `first_at`, `last_at` in µs; `title` and `category`
    are an item's, where the catalogue has them."""

    kind: str
    name: str
    short: float
    long: float
    counts: dict[str, int]
    first_at: int
    last_at: int
    title: str | None = None
    category: str | None = None

    @property
    def mean_gap_days(self) -> float | None:
        """Days between two events on average; None for a single event."""
        events = sum(self.counts.values())
        return (self.last_at - self.first_at) / DAY_US / (events - 1) if events > 1 else None


def labels(interests: Iterable[Interest]) -> dict[str, str]:
    """By name what a person would call each: a category by its innermost part, unless another one shares it; an item by
    its title, or by what it is and its id."""
    seen = list(interests)
    names = told_apart(each.name for each in seen if each.kind == "category")
    items = {each.name: each.title or f"{innermost(each.category)} {each.name}" for each in seen if each.category}
    return {each.name: each.title or each.name for each in seen} | items | names


def user_row(graph: InterestGraph, user_id: str) -> int | None:
    """The user's row, None for one the graph does not know; an erased user has no id and is not found."""
    row: int = pc.index(ids(graph, "user"), pa.scalar(user_id, pa.string())).as_py()
    return row if row >= 0 else None


def interests(graph: InterestGraph, user_id: str, kind: str) -> list[Interest]:
    """What of one of KINDS the user has an edge to, the heaviest at the longest half-life first, then by name.

    What weighs nothing (it was returned), or has had no event for the graph's `expire_after`, is left out: it has
    expired. A user the graph does not know has no interests.
    """
    row, name = user_row(graph, user_id), KINDS[kind]
    if row is None:
        return []
    mine = edges_of(graph, name, row)
    said = _said(graph, mine["target_row"]) if kind == "item" else {}
    found = _told(kind, mine.to_pylist(), weights_of(graph, name, mine), ids(graph, kind), said)
    kept = [each for each in found if each.long > 0 and each.last_at >= graph.as_of - graph.rules.expire_after]
    return sorted(kept, key=lambda each: (-each.long, each.name))


def _said(graph: InterestGraph, rows: pa.ChunkedArray) -> dict[int, dict[str, str]]:
    """Title and category of items, by row."""
    said = graph.attributes("item").select(["row", "title", "category"])
    found = said.filter(pc.is_in(said["row"], rows.combine_chunks()))
    return {each.pop("row"): each for each in found.to_pylist()}


def _told(
    kind: str, rows: list[dict[str, int]], weights: np.ndarray, names: pa.Array, said: dict[int, dict[str, str]]
) -> list[Interest]:
    return [
        Interest(
            kind=kind,
            name=names[row["target_row"]].as_py() or "(erased)",
            short=float(weight[0]),
            long=float(weight[-1]),
            counts={column.removeprefix("count_"): n for column, n in row.items() if is_count(column) and n},
            first_at=row["first_at"],
            last_at=row["last_at"],
            **said.get(row["target_row"], {}),
        )
        for row, weight in zip(rows, weights, strict=True)
    ]
