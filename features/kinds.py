"""Which kinds of nodes and edges an interest graph has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EdgeKind:
    """Edges from one type of node to another."""

    source: str
    target: str

    @property
    def name(self) -> str:
        """For example `user_item`."""
        return f"{self.source}_{self.target}"


NODES = ("user", "item", "query", "category", "brand", "group")
"""`group` is a demographic group, such as `age_band=25-34`."""
USER_ITEM = EdgeKind("user", "item")
USER_QUERY = EdgeKind("user", "query")
QUERY_ITEM = EdgeKind("query", "item")
USER_USER = EdgeKind("user", "user")
FOLDED = (USER_ITEM, USER_QUERY, QUERY_ITEM, USER_USER)
"""Kept as sums over events, segment by segment; whatever else a graph shows is derived from these and the catalogue."""
BY_NAME = {kind.name: kind for kind in FOLDED}
