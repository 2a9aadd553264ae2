"""Structure optimisation: which of a graph's edges models are to see. The graph itself keeps all of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.denoise import Noise, find_noise
from features.graph import InterestGraph
from features.kinds import USER_ITEM, EdgeKind
from features.sparsify import sparsify


def noise_of(graph: InterestGraph) -> Noise:
    """Who is left out by the graph's rules, and why."""
    return find_noise(graph, graph.rules.noise_score)


def seen_edges(graph: InterestGraph, kind: EdgeKind, active: Mapping[str, np.ndarray], noise: Noise) -> np.ndarray:
    """[edges] bool: those of `kind` between active nodes (`active` by type, [nodes] bool) and without noise; of
    user–item edges, the strongest that hold `keep_mass` of either end's weight among these, at the longest half-life.

    What a query leads to is not known by user, and stays.
    """
    table = graph.edge_table(kind.name)
    seen = np.ones(len(table), dtype=bool)
    for node, column in ((kind.source, "source_row"), (kind.target, "target_row")):
        fit = active[node] & ~noise.users if node == "user" else active[node]
        seen &= fit[table[column].to_numpy()]
    if kind == USER_ITEM:
        source, target = (table[column].to_numpy() for column in ("source_row", "target_row"))
        seen &= ~noise.even[source]
        if graph.rules.keep_mass < 1:
            weight = graph.weights(kind.name)[seen, -1]
            seen[seen] = sparsify(source[seen], target[seen], weight, graph.rules.keep_mass)
    return seen
