"""How large a graph is, how much of it is in use, and how heavy its edges are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from features.activity import activity
from features.catalogue import TIED
from features.graph import InterestGraph
from features.kinds import FOLDED, NODES
from features.profile import PROFILES, profile

QUANTILES = (0.1, 0.5, 0.9, 0.99, 1.0)


def count_nodes(graph: InterestGraph, node: str) -> dict[str, int]:
    """`all` rows ever given, those `erased`; of users, items and queries also `active`, `expired`, `not_admitted`."""
    erased = pc.is_null(graph.nodes(node)["id"]).to_numpy(zero_copy_only=False)
    counts = {"all": graph.count(node), "erased": int(erased.sum())}
    if node not in ("user", "item", "query"):
        return counts
    found = activity(graph, node)
    return counts | {
        "active": int(found.active.sum()),
        "expired": int(found.expired.sum()),
        "not_admitted": int((~found.admitted & ~erased).sum()),
    }


def count_edges(graph: InterestGraph) -> dict[str, int]:
    """Edges by kind: those folded, and those derived from them and the catalogue."""
    folded = {kind.name: len(graph.edge_table(kind.name)) for kind in FOLDED}
    derived = {name: len(profile(graph, name)) for name in PROFILES}
    catalogue = {name: pairs(graph).shape[1] for name, pairs in TIED.items()}
    return folded | derived | catalogue


def weight_quantiles(graph: InterestGraph) -> dict[str, dict[str, float]]:
    """Of user–item weights as of the graph's instant, by weight column; empty where there are no such edges."""
    weights = graph.weights()
    if not len(weights):
        return {}
    found = np.quantile(weights, QUANTILES, axis=0)
    return {
        name: {f"{share:g}": float(value) for share, value in zip(QUANTILES, found[:, place], strict=True)}
        for place, name in enumerate(graph.weight_columns)
    }


def graph_stats(graph: InterestGraph) -> dict[str, Any]:
    """All of the above, and the number of `segments`."""
    return {
        "nodes": {node: count_nodes(graph, node) for node in NODES},
        "edges": count_edges(graph),
        "weights": weight_quantiles(graph),
        "segments": len(graph.segments),
    }
