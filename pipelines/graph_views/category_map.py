"""What goes with what: the heaviest categories as a graph, drawn."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from scipy.sparse import csr_array

from features.catalogue import ids
from features.categories import lineage, told_apart
from features.graph import InterestGraph
from features.profile import edges_of, weights_of
from pipelines.graph_views.picture import short_name

MOST, CLOSEST = 20, 2
"""Categories drawn, and how many each is tied to: more could not be read."""
_TINTS = ("#2b6cb0", "#dd6b20", "#2f855a", "#805ad5", "#c53030", "#b7791f", "#2c7a7b", "#b83280")
_OTHER = "#718096"
_UNDER: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": 8, "zorder": 3}
_HALO = [withStroke(linewidth=3, foreground="white")]


def category_graph(graph: InterestGraph) -> nx.Graph:
    """The MOST categories that weigh most (`weight`), each tied to the CLOSEST that it is most alike (`likeness`).

    Likeness is the correlation over users of the roots of their weights at the longest half-life; what is not alike at
    all is not tied.
    """
    weights = _by_user(graph)
    heaviest = np.argsort(-weights.sum(axis=0), kind="stable")[:MOST]
    heaviest = heaviest[weights.sum(axis=0)[heaviest] > 0]
    names = ids(graph, "category").to_pylist()
    drawn = nx.Graph()
    for place in heaviest:
        drawn.add_node(names[place], weight=float(weights[:, [place]].sum()))
    alike = _correlation(np.sqrt(weights[:, heaviest].toarray()))
    for row, place in enumerate(heaviest):
        for other in np.argsort(-alike[row], kind="stable")[:CLOSEST]:
            if alike[row, other] > 0:
                drawn.add_edge(names[place], names[heaviest[other]], likeness=float(alike[row, other]))
    return drawn


def draw_categories(drawn: nx.Graph) -> Figure:
    figure = Figure(figsize=(13, 8), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.margins(0.12)
    places = nx.kamada_kawai_layout(drawn)
    roots = list(dict.fromkeys(lineage(name)[0] for name in drawn))
    tints = {root: _TINTS[place] if place < len(_TINTS) else _OTHER for place, root in enumerate(roots)}
    for one, other, likeness in drawn.edges(data="likeness"):
        xs, ys = zip(places[one], places[other], strict=True)
        axes.plot(xs, ys, color="#a0aec0", linewidth=0.5 + 6 * likeness, alpha=0.6, zorder=1)
    heaviest = max((weight for _, weight in drawn.nodes(data="weight")), default=1.0)
    called = told_apart(drawn)
    for name, weight in drawn.nodes(data="weight"):
        x, y = places[name]
        size = 80 + 900 * weight / heaviest
        axes.scatter(x, y, s=size, color=tints[lineage(name)[0]], zorder=2)
        under = (0, -(size**0.5) / 2 - 12)
        axes.annotate(short_name(called[name]), places[name], under, path_effects=_HALO, **_UNDER)
    for root in roots[: len(_TINTS)]:
        axes.scatter([], [], color=tints[root], label=short_name(root))
    if roots:
        axes.legend(loc="lower center", frameon=False, ncols=4, bbox_to_anchor=(0.5, -0.06), fontsize=9)
    return figure


def _by_user(graph: InterestGraph) -> csr_array:
    """[users, categories] weights at the longest half-life."""
    table = edges_of(graph, "user_category")
    weights = weights_of(graph, "user_category", table)[:, -1]
    ends = tuple(table[column].to_numpy() for column in ("source_row", "target_row"))
    return csr_array((weights, ends), shape=(graph.count("user"), graph.count("category")))


def _correlation(values: np.ndarray) -> np.ndarray:
    """[columns, columns], 0 on the diagonal and where a column is the same for all."""
    centred = values - values.mean(axis=0) if len(values) else values
    lengths = np.linalg.norm(centred, axis=0)
    scaled = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    alike = scaled.T @ scaled
    np.fill_diagonal(alike, 0.0)
    return alike
