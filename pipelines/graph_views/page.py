"""A user's ego graph as files: a picture, and a page of its own that holds it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from features.ego import KINDS, Interest, interests
from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.files import whole_file, write_text
from pipelines.graph_views.finding import Found, find_graph, windows_with_graphs
from pipelines.graph_views.picture import MOST, draw_ego

PAST = 8
"""Windows back that the picture looks."""


def write_ego(user: str, graph: InterestGraph, found: Found, folder: Path, context: Context) -> list[Path]:
    """Write `<user>.png` and `<user>.html` into `folder`; gives both."""
    seen = {kind: interests(graph, user, kind)[:MOST] for kind in KINDS}
    titles = dict(zip(graph.items["item_id"], graph.items["title"].fillna(""), strict=True))
    seen["item"] = [each.named(titles.get(each.name) or each.name) for each in seen["item"]]
    as_of = datetime.fromtimestamp(graph.as_of / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
    figure = draw_ego(user, seen, _past(user, seen["category"], found, context), as_of)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    name = re.sub(r"[^\w.-]", "_", user)[:80]
    with whole_file(folder / f"{name}.png") as path:
        path.write_bytes(drawn.getvalue())
    page = write_text(folder / f"{name}.html", _page(user, seen, drawn.getvalue(), as_of))
    return [folder / f"{name}.png", page]


def _past(user: str, seen: Sequence[Interest], found: Found, context: Context) -> dict[str, list[float]]:
    names = [name for name in windows_with_graphs(context) if name <= found.window][-PAST:]
    past = {}
    for name in names:
        weights = {each.name: each.long for each in interests(find_graph(context, name).open(), user, "category")}
        past[name] = [weights.get(each.name, 0.0) for each in seen]
    return past


def _page(user: str, seen: Mapping[str, Sequence[Interest]], picture: bytes, as_of: str) -> str:
    tables = "".join(_table(kind, found) for kind, found in seen.items() if found)
    image = base64.b64encode(picture).decode()
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(user)}</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; color: #2d3748 }}
img {{ width: 100% }} table {{ border-collapse: collapse; margin: 1rem 0 }}
th, td {{ padding: .2rem .8rem; text-align: right }} th:first-child, td:first-child {{ text-align: left }}
tr:nth-child(even) {{ background: #f7fafc }}
</style></head><body><h1>What {escape(user)} cares about</h1><p>As of {as_of} UTC. Weights: what the events weigh, faded
with the shortest and with the longest half-life.</p><img alt="the ego graph" src="data:image/png;base64,{image}">
{tables}</body></html>
"""


def _table(kind: str, found: Sequence[Interest]) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.name)}</td><td>{each.short:.3f}</td><td>{each.long:.3f}</td>"
        f"<td>{escape(', '.join(f'{n} {name}' for name, n in each.counts.items()))}</td>"
        f"<td>{datetime.fromtimestamp(each.last_at / 1e6, UTC):%Y-%m-%d}</td></tr>"
        for each in found
    )
    return f"<table><tr><th>{kind}</th><th>short</th><th>long</th><th>events</th><th>last</th></tr>{rows}</table>"
