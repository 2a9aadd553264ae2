"""Folding a delta into the interest graph; folding deltas one by one equals building from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from features.adding import newest_rows
from features.admission import (
    brand_sightings,
    category_sightings,
    first_sightings,
    group_sightings,
    newcomers,
    recognise,
    sightings_in_catalogue,
    sightings_in_events,
)
from features.backend import held, run, stored
from features.changes import find_changes
from features.delta import Delta
from features.graph import InterestGraph, microseconds, with_segment
from features.kinds import BY_NAME, FOLDED, NODES, QUERY_ITEM
from features.merge import is_count
from features.segment import ATTRIBUTES, PAIR, Segment, attribute_schema, edge_schema, empty_segment
from features.sums import sum_up
from features.survey import Survey, event_types, survey

HELD_ROWS = 2_000_000
"""Up to so many events are held in this process while they are folded; more, by the engine."""


def fold(graph: InterestGraph, delta: Delta, *, as_of: datetime, backend: BaseBackend) -> InterestGraph:
    """The graph as of `as_of`: `graph` plus what `delta` brings, in one more segment.

    Rows at or after `as_of` are not seen. What it takes grows with the delta, not with the graph. Raises ValueError
    when `as_of` lies before the graph's own instant.
    """
    now = microseconds(as_of)
    if now < graph.as_of:
        raise ValueError(f"cannot fold back in time: graph is as of {graph.as_of} µs, asked for {now} µs")
    delta = delta.before(now)
    told = survey(delta, backend)
    with _cut_out(delta.events, told, backend) as events:
        delta = replace(delta, events=events)
        segment, ids = _with_nodes(empty_segment(graph.epoch, graph.rules), graph, delta, told, backend)
        segment = _with_attributes(segment, ids, told, backend)
        segment = _with_edges(segment, ids, graph, delta, told, backend)
    return with_segment(graph, segment, as_of=now)


@contextmanager
def _cut_out(events: Table, told: Survey, backend: BaseBackend) -> Iterator[Table]:
    """The events as a table of their own: rows that are filtered away while others are summed would change the pieces
    in which an engine adds, and with them the last bit of a sum."""
    if told.named["user_id"] <= HELD_ROWS:
        yield held(events, backend)
        return
    with stored(events, backend) as table:
        yield table


def _with_nodes(
    segment: Segment, graph: InterestGraph, delta: Delta, told: Survey, backend: BaseBackend
) -> tuple[Segment, dict[str, pa.Table]]:
    """The segment with new nodes, and all nodes that the delta's rows may name, by type."""
    came, ids = dict(segment.nodes), {}
    for node, seen in _sightings(delta, told, backend).items():
        first = first_sightings(seen)
        known = recognise(graph.nodes(node), first)
        came[node] = newcomers(known, first, graph.count(node))
        ids[node] = pa.concat_tables([known, came[node]])
    # what a click leads from and to may be older than the delta; and so may all that it makes to be summed up anew
    for node in ("user", "item", "query") if told.loses else ("item", "query"):
        ids[node] = pa.concat_tables([graph.nodes(node), came[node]])
    return replace(segment, nodes=came), {node: ids.get(node, came[node]) for node in NODES}


def _sightings(delta: Delta, told: Survey, backend: BaseBackend) -> dict[str, list[pa.Table]]:
    columns = {"user": ("user_id", "target_user_id"), "item": ("item_id",), "query": ("query",)}
    catalogues = {
        "user": sightings_in_catalogue(told.users, "user_id"),
        "item": sightings_in_catalogue(told.items, "item_id"),
        "category": category_sightings(told.items),
        "brand": brand_sightings(told.items),
        "group": group_sightings(told.users),
    }
    seen = {
        node: sightings_in_events(delta.events, [name for name in columns.get(node, ()) if told.names(name)], backend)
        for node in NODES
    }
    for node, rows in catalogues.items():
        if len(rows):
            seen[node].append(rows)
    return {node: tables for node, tables in seen.items() if tables}


def _with_attributes(segment: Segment, ids: dict[str, pa.Table], told: Survey, backend: BaseBackend) -> Segment:
    said = dict(segment.attributes)
    for node, rows in (("user", told.users), ("item", told.items)):
        if not len(rows):
            continue
        known = ids[node].select(["row", "id"]).rename_columns(["row", f"{node}_id"])
        placed = ibis.memtable(rows).inner_join(ibis.memtable(known), f"{node}_id")
        chosen = placed.select("row", "valid_from", *ATTRIBUTES[node], valid_since="valid_from")
        schema = attribute_schema(node)
        said[node] = run(newest_rows(chosen, ATTRIBUTES[node]), backend).select(schema.names).cast(schema)
    return replace(segment, attributes=said)


def _with_edges(
    segment: Segment,
    ids: dict[str, pa.Table],
    graph: InterestGraph,
    delta: Delta,
    told: Survey,
    backend: BaseBackend,
) -> Segment:
    edges, forgotten = dict(segment.edges), {}
    for kind in FOLDED:
        if not told.may_change(kind.name):
            continue
        types, changes = told.event_types, find_changes(kind.name, delta, graph.rules, backend)
        if changes.forgotten is not None:
            forgotten[kind.name] = _pairs(kind.name, changes.forgotten, ids, backend)
        if changes.forgotten is not None or (kind == QUERY_ITEM and delta.nearby is not None):
            # folded events may be among them: what is summed up anew, and what a query that came late led to
            types = types | event_types(changes.added, backend)
        edges[kind.name] = _summed(kind.name, changes.added, ids, graph, types, backend)
    return replace(segment, edges=edges, forgotten=forgotten)


def _summed(
    name: str, added: Table, ids: dict[str, pa.Table], graph: InterestGraph, types: frozenset[str], backend: BaseBackend
) -> pa.Table:
    """Sums of the interactions, with counts of those event types only that occur among them."""
    known = tuple(event_type for event_type in graph.rules.event_weights if event_type in types)
    edges = sum_up(
        _placed(name, added, ids, "event_type", "at"),
        epoch=graph.epoch,
        half_lives=graph.rules.half_lives[name],
        event_weights=graph.rules.event_weights,
        event_types=known,
    )
    summed = run(edges, backend).cast(edge_schema(name, graph.rules, known))
    never = [column for column in summed.column_names if is_count(column) and not pc.max(summed[column]).as_py()]
    return summed.drop_columns(never)


def _pairs(name: str, pairs: pa.Table, ids: dict[str, pa.Table], backend: BaseBackend) -> pa.Table:
    return run(_placed(name, ibis.memtable(pairs), ids).order_by(list(PAIR)), backend)


def _placed(name: str, rows: Table, ids: dict[str, pa.Table], *columns: str) -> Table:
    """`rows` with `source_row` and `target_row` in place of ids, and `columns`."""
    kind = BY_NAME[name]
    sources, targets = (ids[node].select(["id", "row"]) for node in (kind.source, kind.target))
    source = ibis.memtable(sources.rename_columns(["source_id", "source_row"]))
    target = ibis.memtable(targets.rename_columns(["target_id", "target_row"]))
    return rows.inner_join(source, "source_id").inner_join(target, "target_id").select(*PAIR, *columns)
