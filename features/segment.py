"""A segment: what one fold brought. A graph is a row of segments, the oldest first, and none is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from features.kinds import FOLDED, NODES
from features.rules import Rules, weight_columns
from features.schema import EXTRAS, ITEMS, USERS

USER_COLUMNS = {name: dtype for name, dtype in USERS.items() if name not in ("valid_from", EXTRAS)}
ITEM_COLUMNS = {
    name: dtype for name, dtype in ITEMS.items() if name not in ("valid_from", EXTRAS, "description", "image_url")
}
"""What nodes keep of the catalogue, with its types: what models and readers of the graph ask for."""
ATTRIBUTES = {
    "user": tuple(name for name in USER_COLUMNS if name != "user_id"),
    "item": tuple(name for name in ITEM_COLUMNS if name != "item_id"),
}
_ARROW = {"str": pa.string(), "float64": pa.float64(), "int64": pa.int64()}
PAIR = ("source_row", "target_row")


@dataclass(frozen=True)
class Segment:
    """Tables by node type and by name of the edge kind.

    `nodes`: those that came, `row` (int32, never given twice), `id` (null where it was erased), `since` (int64 µs).
    `attributes`: catalogue rows of users and items, `row`, `valid_from` (int64 µs, of the newest row), `valid_since`
    (of the oldest one) and their ATTRIBUTES; of several segments' rows the newest counts.
    `edges`: one row for each pair, sorted by PAIR (int32), with `count_<event type>` (int32), `first_at`, `last_at`
    (int64 µs) and the columns of `weight_columns`: sums `Σ w(event_type) · 2^((t − epoch) / half_life)`, to be added
    to those of other segments. `forgotten`: pairs whose sums in earlier segments no longer count, because events of
    theirs were corrected or erased; `edges` holds all that counts of them. `origin` is carried along, for whoever keeps
    segments.
    """

    epoch: int
    nodes: Mapping[str, pa.Table]
    attributes: Mapping[str, pa.Table]
    edges: Mapping[str, pa.Table]
    forgotten: Mapping[str, pa.Table]
    origin: object = field(default=None, compare=False)

    @property
    def edge_rows(self) -> int:
        return sum(len(table) for table in self.edges.values())


def edge_schema(name: str, rules: Rules, event_types: tuple[str, ...] = ()) -> pa.Schema:
    """Columns of a segment's edges, for the event types that occur in it."""
    counts = [(f"count_{event_type}", pa.int32()) for event_type in event_types]
    weights = [(column, pa.float64()) for column in weight_columns(rules.half_lives[name])]
    rows = [(column, pa.int32()) for column in PAIR]
    return pa.schema([*rows, *counts, ("first_at", pa.int64()), ("last_at", pa.int64()), *weights])


def node_schema() -> pa.Schema:
    return pa.schema([("row", pa.int32()), ("id", pa.string()), ("since", pa.int64())])


def attribute_schema(node: str) -> pa.Schema:
    """Columns of a segment's attributes of `user` or `item`."""
    columns = USER_COLUMNS if node == "user" else ITEM_COLUMNS
    held = [(name, _ARROW[columns[name]]) for name in ATTRIBUTES[node]]
    return pa.schema([("row", pa.int32()), ("valid_from", pa.int64()), ("valid_since", pa.int64()), *held])


def empty_segment(epoch: int, rules: Rules) -> Segment:
    """A segment that brings nothing."""
    return Segment(
        epoch=epoch,
        nodes={node: node_schema().empty_table() for node in NODES},
        attributes={node: attribute_schema(node).empty_table() for node in ATTRIBUTES},
        edges={kind.name: edge_schema(kind.name, rules).empty_table() for kind in FOLDED},
        forgotten={},
    )
