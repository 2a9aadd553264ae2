"""Which nodes come with a delta: each gets the next free row, in order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from features.backend import run
from features.categories import lineage
from features.segment import ATTRIBUTES, node_schema


def recognise(known: pa.Table, seen: pa.Table, backend: BaseBackend) -> pa.Table:
    """Those of the `known` nodes that are `seen`: a few, to look ids up in, out of all there are."""
    if not len(known):
        return known
    return run(ibis.memtable(known).semi_join(ibis.memtable(seen.select(["id"])), "id"), backend)


def newcomers(recognised: pa.Table, seen: pa.Table, first_row: int, backend: BaseBackend) -> pa.Table:
    """Nodes of `seen` (`id`, `since`) that were not `recognised`: `row` from `first_row` on, `id`, `since` (µs).

    Ordered by (since, id), so that every batching of events in order of time gives the same rows.
    """
    fresh = ibis.memtable(seen)
    if len(recognised):
        fresh = fresh.anti_join(ibis.memtable(recognised.select(["id"])), "id")
    place = ibis.row_number().over(ibis.window(order_by=["since", "id"]))
    numbered = fresh.mutate(row=(place + first_row).cast("int32")).select("row", "id", "since")
    return run(numbered.order_by("row"), backend).cast(node_schema())


def first_sightings(sightings: Sequence[Table], backend: BaseBackend) -> pa.Table:
    """`id` and `since`: when each node of `sightings` (`id`, `at` in µs) was first named."""
    seen = ibis.union(*sightings) if len(sightings) > 1 else sightings[0]
    return run(seen.filter(seen["id"].notnull()).group_by("id").aggregate(since=seen["at"].min()), backend)


def sightings_in_events(events: Table, columns: Sequence[str]) -> list[Table]:
    """When events named nodes: (`id`, `at`) for each of the columns, which hold ids of one type of node."""
    return [
        # once a name, so that the union of two columns is no longer than it has to be
        events.filter(events[column].notnull()).group_by(id=events[column]).aggregate(at=events["at"].min())
        for column in columns
    ]


def sightings_in_catalogue(rows: pa.Table, key: str) -> pa.Table:
    """When the catalogue first named nodes: (`id`, `at`)."""
    return _sightings(_first_named(rows, key))


def category_sightings(items: pa.Table) -> pa.Table:
    """(`id`, `at`) of each category of `items`, and of each it lies in.

    A category's id is its path from the root, so that no category can lie in itself.
    """
    first: dict[str, int] = {}
    for path, at in _first_named(items, "category").items():
        for category in lineage(path):
            first[category] = min(at, first.get(category, at))
    return _sightings(first)


def brand_sightings(items: pa.Table) -> pa.Table:
    return _sightings(_first_named(items, "brand"))


def group_sightings(users: pa.Table) -> pa.Table:
    """(`id`, `at`) of each demographic group that a row of `users` names."""
    named = [_first_named(users, name, prefix=f"{name}=") for name in ATTRIBUTES["user"]]
    return _sightings({group: at for groups in named for group, at in groups.items()})


def _first_named(rows: pa.Table, column: str, *, prefix: str = "") -> dict[str, int]:
    first = rows.group_by(column).aggregate([("valid_from", "min")])
    names, moments = first[column].to_pylist(), first["valid_from_min"].to_pylist()
    return {prefix + name: at for name, at in zip(names, moments, strict=True) if name is not None}


def _sightings(first: dict[str, int]) -> pa.Table:
    return pa.table({"id": pa.array(list(first), pa.string()), "at": pa.array(list(first.values()), pa.int64())})
