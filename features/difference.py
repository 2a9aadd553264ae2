"""What changed between two graphs of one lineage: edges born, strengthened, faded, expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from features.activity import activity
from features.catalogue import ids
from features.ego import Interest, labels
from features.graph import InterestGraph
from features.kinds import USER_ITEM
from features.merge import pair_keys
from features.profile import edges_of, weights_of


@dataclass(frozen=True)
class Difference:
    """Counts of user–item edges and of nodes. At one half-life, faded edges lost weight and strengthened ones gained
    it; an edge is expired when it is gone, or one of its nodes has expired since."""

    users_born: int
    items_born: int
    edges_born: int
    edges_strengthened: int
    edges_faded: int
    edges_expired: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


def compare(before: InterestGraph, after: InterestGraph, *, half_life: int | None = None) -> Difference:
    """Compare weights at `half_life` (µs; default: the longest the graphs have), each as of its own instant."""
    column = before.half_lives.index(half_life or max(before.half_lives))
    old_keys, old = _in_use(before, column)
    new_keys, new = _in_use(after, column)
    _, old_at, new_at = np.intersect1d(old_keys, new_keys, assume_unique=True, return_indices=True)
    return Difference(
        users_born=after.count("user") - before.count("user"),
        items_born=after.count("item") - before.count("item"),
        edges_born=len(new_keys) - len(new_at),
        edges_strengthened=int((new[new_at] > old[old_at]).sum()),
        edges_faded=int((new[new_at] < old[old_at]).sum()),
        edges_expired=len(old_keys) - len(old_at),
    )


@dataclass(frozen=True)
class Change:
    """What became of one interest, called `label` by people: `happened` is born, strengthened, faded, kept or expired;
    weights at the longest half-life, 0 where there was none; `events`: how many came, by type (fewer than none:
    corrected or erased)."""

    name: str
    label: str
    happened: str
    before: float
    after: float
    events: dict[str, int]


def interest_changes(before: Sequence[Interest], after: Sequence[Interest]) -> list[Change]:
    """What became of each interest, the largest change first, then by name.

    They are told apart by name, so that graphs of different lineages can be compared.
    """
    called = labels([*before, *after])
    old, new = ({each.name: each for each in interests} for interests in (before, after))
    changes = [_change(name, label, old.get(name), new.get(name)) for name, label in called.items()]
    return sorted(changes, key=lambda each: (-abs(each.after - each.before), each.name))


def group_changes(before: InterestGraph, after: InterestGraph, name: str = "user_category") -> dict[str, float]:
    """By category (or brand): how much weight all users together gained or lost at the longest half-life."""
    old, new = (_totals(graph, name) for graph in (before, after))
    return {group: new.get(group, 0.0) - old.get(group, 0.0) for group in sorted(old.keys() | new.keys())}


def _change(name: str, label: str, old: Interest | None, new: Interest | None) -> Change:
    was, now = old.long if old else 0.0, new.long if new else 0.0
    counts = (old.counts if old else {}), (new.counts if new else {})
    came = {event: counts[1].get(event, 0) - counts[0].get(event, 0) for event in sorted({*counts[0], *counts[1]})}
    if old is None or new is None:
        happened = "born" if old is None else "expired"
    else:
        happened = "kept" if now == was else "strengthened" if now > was else "faded"
    return Change(name, label, happened, was, now, {event: n for event, n in came.items() if n} if new else {})


def _totals(graph: InterestGraph, name: str) -> dict[str, float]:
    table = edges_of(graph, name)
    weights = weights_of(graph, name, table)[:, -1]
    names: pa.Array = ids(graph, name.split("_")[1])
    totals = np.bincount(table["target_row"].to_numpy(), weights, minlength=len(names))
    return {group: float(total) for group, total in zip(names.to_pylist(), totals, strict=True) if group is not None}


def _in_use(graph: InterestGraph, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Pair keys of the edges between active nodes, and their weights."""
    table = graph.edge_table(USER_ITEM.name)
    users, items = activity(graph, "user").active, activity(graph, "item").active
    used = users[table["source_row"].to_numpy()] & items[table["target_row"].to_numpy()]
    return pair_keys(table)[used], graph.weights()[used, column]
