"""The interest graph: who cares about what, how strongly, as of an instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from features.kinds import USER_ITEM
from features.merge import is_count, merge_attributes, merge_edges, merge_nodes
from features.rules import Rules, weight_columns
from features.segment import ATTRIBUTES, Segment, empty_segment

RENORMALISE_AFTER = 256.0
"""Half-lives between epoch and present after which the epoch moves: 2**256 is far below float64's 2**1023."""


@dataclass(frozen=True)
class InterestGraph:
    """What `segments` come to as of `as_of`. Rows are positions and are never renumbered; `epoch` is what the weights
    of the next segment will be relative to. Relative to a fixed epoch, decay is one global factor, so that an edge
    without new events need not be touched."""

    as_of: int
    epoch: int
    rules: Rules
    segments: tuple[Segment, ...] = ()
    _seen: dict[tuple[str, str], object] = field(default_factory=dict, compare=False, repr=False)

    def nodes(self, node: str) -> pa.Table:
        """`row`, `id` and `since` of all nodes of one type, by row."""
        return self._once("nodes", node, lambda: merge_nodes(self.segments, node))

    def attributes(self, node: str) -> pa.Table:
        """The newest catalogue row of each `user` or `item` that has one, by `row`."""
        return self._once("attributes", node, lambda: merge_attributes(self.segments, node))

    def edge_table(self, name: str) -> pa.Table:
        """The summed edges of one kind, as a segment holds them, relative to `epoch`."""
        return self._once("edges", name, lambda: merge_edges(self.segments, name, self.rules, epoch=self.epoch))

    def edges_of(self, name: str, source: int) -> pa.Table:
        """Of `edge_table`, the edges of one source row; what it takes does not grow with the graph."""
        return merge_edges(self.segments, name, self.rules, epoch=self.epoch, source=source)

    def count(self, node: str) -> int:
        return sum(len(segment.nodes.get(node, ())) for segment in self.segments)

    def decay(self, name: str = USER_ITEM.name) -> np.ndarray:
        """[half-lives] factors that turn sums of the edge kind into weights as of `as_of`."""
        return np.exp2(-(self.as_of - self.epoch) / np.asarray(self.rules.half_lives[name], dtype=np.float64))

    def weights(self, name: str = USER_ITEM.name) -> np.ndarray:
        """[edges, half-lives] float64: `max(0, Σ w · 2^(−(as_of − t) / half_life))`: nobody cares less than nothing."""
        return self.weigh(self.edge_table(name), name)

    def weigh(self, edges: pa.Table, name: str) -> np.ndarray:
        """The weights of `edges`, whose sums have the epoch of the graph and the half-lives of the kind `name`."""
        columns = [edges[column].to_numpy() for column in weight_columns(self.rules.half_lives[name])]
        return np.maximum(np.stack(columns, axis=1) * self.decay(name), 0.0)

    def total_counts(self, name: str = USER_ITEM.name) -> np.ndarray:
        """[edges] int64 events of any type."""
        table = self.edge_table(name)
        counts = [table[column].to_numpy() for column in table.column_names if is_count(column)]
        return np.stack([*counts, np.zeros(len(table), np.int64)]).sum(axis=0, dtype=np.int64)

    @property
    def half_lives(self) -> tuple[int, ...]:
        """Of user–item edges, in µs."""
        return self.rules.half_lives[USER_ITEM.name]

    @property
    def weight_columns(self) -> list[str]:
        return weight_columns(self.half_lives)

    @cached_property
    def users(self) -> pd.DataFrame:
        """`user_id`, what the catalogue says of each, and `since` (int64 µs), by row."""
        return self._catalogue("user")

    @cached_property
    def items(self) -> pd.DataFrame:
        """`item_id`, what the catalogue says of each, and `since` (int64 µs), by row."""
        return self._catalogue("item")

    @cached_property
    def edges(self) -> pd.DataFrame:
        """User–item edges: `user_row`, `item_row`, `count` (of all events), `count_…`, `first_at`, `last_at`, sums."""
        table = self.edge_table(USER_ITEM.name).to_pandas()
        table = table.rename(columns={"source_row": "user_row", "target_row": "item_row"})
        table.insert(2, "count", self.total_counts())
        return table.astype({"user_row": "int64", "item_row": "int64"})

    def _catalogue(self, node: str) -> pd.DataFrame:
        nodes, said = self.nodes(node).to_pandas(), self.attributes(node).to_pandas().set_index("row")
        table = pd.DataFrame({f"{node}_id": nodes["id"]})
        for name in ATTRIBUTES[node]:
            table[name] = said[name].reindex(nodes["row"]).to_numpy()
        since = nodes["since"].to_numpy().copy()
        since[said.index] = np.minimum(since[said.index], said["valid_since"])
        table["since"] = since
        return table.astype({name: "str" for name in table.columns if name not in ("price", "since")})

    def _once(self, what: str, name: str, make: Callable[[], pa.Table]) -> pa.Table:
        if (what, name) not in self._seen:
            self._seen[what, name] = make()
        return self._seen[what, name]


def microseconds(moment: datetime) -> int:
    """µs since the Unix epoch, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def instant(moment: int) -> datetime:
    """The aware UTC datetime of `moment`, µs since the Unix epoch: `microseconds` gives it back."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)


def empty_graph(*, epoch: datetime, rules: Rules) -> InterestGraph:
    """A graph without nodes, as of `epoch`."""
    return InterestGraph(as_of=microseconds(epoch), epoch=microseconds(epoch), rules=rules)


def with_segment(graph: InterestGraph, segment: Segment, *, as_of: int) -> InterestGraph:
    """`graph` and what a fold brought, as of `as_of`; the epoch moves on long before 2^((t − epoch)/h) overflows."""
    far = (as_of - graph.epoch) / min(map(min, graph.rules.half_lives.values())) > RENORMALISE_AFTER
    segments = (*graph.segments, segment)
    return InterestGraph(as_of, as_of if far else graph.epoch, graph.rules, segments)


def compact(graph: InterestGraph) -> InterestGraph:
    """The same graph in one segment."""
    blank = empty_segment(graph.epoch, graph.rules)
    whole = replace(
        blank,
        nodes={node: graph.nodes(node) for node in blank.nodes},
        attributes={node: graph.attributes(node) for node in blank.attributes},
        edges={name: graph.edge_table(name) for name in blank.edges},
    )
    return replace(graph, segments=(whole,), _seen={})
