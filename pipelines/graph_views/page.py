"""A user's ego graph as files: a picture, and a page of its own that holds it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from features.ego import KINDS, interests
from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.files import whole_file
from pipelines.graph_views.drawing import embedded, lettering, png
from pipelines.graph_views.finding import Found, about
from pipelines.graph_views.history import Past, past_of, tell_past
from pipelines.graph_views.html import write_page
from pipelines.graph_views.picture import MOST, draw_ego
from pipelines.graph_views.telling import tell_user
from pipelines.graph_views.wording import changes_in_words, moment

PAST = 8
"""Windows back that the picture looks."""


def write_ego(user: str, graph: InterestGraph, found: Found, folder: Path, context: Context) -> list[Path]:
    """Write `<user>.png` and `<user>.html` into `folder`; gives both."""
    past = past_of(context, user, found.window)[-PAST:]
    seen = {kind: interests(graph, user, kind)[:MOST] for kind in KINDS}
    faded = {each.window: [each.weight(interest.name) for interest in seen["category"]] for each in past}
    with lettering():
        figure = draw_ego(user, seen, faded, moment(graph.as_of)[:16].replace("T", " "))
        drawn, inline = png(figure), embedded(figure)
    name = re.sub(r"[^\w.-]", "_", user)[:80]
    with whole_file(folder / f"{name}.png") as path:
        path.write_bytes(drawn)
    page = write_page(
        folder / f"{name}.html",
        "ego.html",
        title=f"What {user} cares about",
        about=about(found),
        picture=inline,
        interests=tell_user(graph, user, k=2 * MOST)["interests"],
        history=_happened(past),
    )
    return [folder / f"{name}.png", page]


def _happened(past: list[Past]) -> list[tuple[str, str]]:
    """Windows, the newest first, and in words what each changed."""
    told: list[dict[str, Any]] = tell_past(past)[1:]
    return [(each["window"], changes_in_words(each["changes"], MOST)) for each in told[::-1]]
