"""Which nodes come with a delta: each gets the next free row, in order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from features.backend import run
from features.categories import lineage
from features.segment import ATTRIBUTES, node_schema


def recognise(known: pa.Table, seen: pa.Table) -> pa.Table:
    """Those of the `known` nodes that are `seen`: a few, to look ids up in, out of all there are."""
    return known.filter(pc.is_in(known["id"], seen["id"].combine_chunks(), skip_nulls=True))


def newcomers(recognised: pa.Table, seen: pa.Table, first_row: int) -> pa.Table:
    """Nodes of `seen` (`id`, `since`) that were not `recognised`: `row` from `first_row` on, `id`, `since` (µs).

    Ordered by (since, id), so that every batching of events in order of time gives the same rows.
    """
    fresh = seen.filter(pc.invert(pc.is_in(seen["id"], recognised["id"].combine_chunks())))
    fresh = fresh.sort_by([("since", "ascending"), ("id", "ascending")])
    rows = pa.array(range(first_row, first_row + len(fresh)), pa.int32())
    return fresh.append_column("row", rows).select(node_schema().names).cast(node_schema())


def first_sightings(sightings: Sequence[pa.Table]) -> pa.Table:
    """`id` and `since`: when each node of `sightings` (`id`, `at` in µs) was first named."""
    seen = pa.concat_tables(sightings).group_by("id").aggregate([("at", "min")])
    return seen.rename_columns({"at_min": "since"})


def sightings_in_events(events: Table, columns: Sequence[str], backend: BaseBackend) -> list[pa.Table]:
    """When events named nodes: (`id`, `at`) for each of the columns, which hold ids of one type of node."""
    named = [events.filter(events[column].notnull()).group_by(id=events[column]) for column in columns]
    return [run(each.aggregate(at=events["at"].min()), backend) for each in named]


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
