"""A whole graph as one page: what goes with what, what weighs most, how much there is of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features.catalogue import ids
from features.categories import path_parts
from features.ego import KINDS
from features.graph import InterestGraph
from features.profile import edges_of, weights_of
from pipelines.graph_views.category_map import category_graph, draw_categories
from pipelines.graph_views.drawing import embedded, lettering
from pipelines.graph_views.finding import Found, about
from pipelines.graph_views.html import write_page
from pipelines.graph_views.telling import tell_stats

_MOST = 15


def export_page(found: Found, path: Path) -> list[Path]:
    graph = found.open()
    drawn = category_graph(graph)
    with lettering():
        picture = embedded(draw_categories(drawn))
    page = write_page(
        path,
        "graph.html",
        title=f"The interest graph of {found.window}",
        about=about(found),
        shown=len(drawn),
        picture=picture,
        heaviest={kind: _heaviest(graph, kind) for kind in KINDS},
        stats=tell_stats(found),
    )
    return [page]


def _heaviest(graph: InterestGraph, kind: str) -> list[dict[str, Any]]:
    """What of a kind all users together care about most, at the longest half-life."""
    name = KINDS[kind]
    table = edges_of(graph, name)
    lasting = weights_of(graph, name, table)[:, -1]
    targets, size = table["target_row"].to_numpy(), graph.count(kind)
    weights, users = np.bincount(targets, lasting, minlength=size), np.bincount(targets[lasting > 0], minlength=size)
    rows = [row for row in np.argsort(-weights, kind="stable")[:_MOST].tolist() if weights[row] > 0]
    names: list[str] = ids(graph, kind).take(pa.array(rows, pa.int64())).to_pylist()
    labels = [path_parts(each) if kind == "category" else (each, "") for each in names]
    said = _titles(graph, rows) if kind == "item" else labels
    return [
        {"innermost": innermost, "within": within, "weight": float(weights[row]), "users": int(users[row])}
        for row, (innermost, within) in zip(rows, said, strict=True)
    ]


def _titles(graph: InterestGraph, rows: list[int]) -> list[tuple[str, str]]:
    """Titles of items, or their ids where they have none, and their categories."""
    said = graph.items.iloc[rows]
    title, category = said["title"].fillna(said["item_id"]), said["category"].fillna("")
    return list(zip(title.tolist(), category.tolist(), strict=True))
