"""Finding a graph by its window, and a user in it; what is not there is told with what is near."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from features.catalogue import ids
from features.ego import user_row
from features.graph import InterestGraph
from pipelines.context import Context
from pipelines.errors import UnknownUserError, WindowError
from pipelines.graph_views.wording import moment
from pipelines.graphs.files import read_graph, read_manifest


@dataclass(frozen=True)
class Found:
    """A graph at rest: `place` is `cut` or `end`."""

    window: str
    place: str
    folder: Path
    manifest: dict[str, Any]

    def open(self) -> InterestGraph:
        return read_graph(self.folder)


def about(found: Found) -> dict[str, str]:
    """Which graph it is, for what is made from it."""
    manifest = found.manifest
    as_of = moment(manifest["as_of"])
    return {"window": found.window, "place": found.place, "as_of": as_of, "hash": manifest.get("hash", "")}


def windows_with_graphs(context: Context) -> list[str]:
    """Names of the windows whose graphs lie there, the oldest first."""
    return sorted(path.parent.name for path in context.path("graphs").glob("*/end") if path.is_dir())


def find_graph(context: Context, window: str | None = None, place: str = "end") -> Found:
    """The graph of `window` (default: the newest one there is); WindowError where it has none."""
    known = windows_with_graphs(context)
    if not known:
        raise WindowError("there is no graph yet", where=str(context.path("graphs")), mend="run `tidegraph bootstrap`")
    name = known[-1] if window is None else window
    folder = context.path("graphs", name, place)
    if name not in known or not folder.is_dir():
        near = get_close_matches(name, known, n=1)
        raise WindowError(
            f"there is no graph of {name} as of its {place}",
            where=str(context.path("graphs")),
            mend=(f"did you mean {near[0]}? " if near else "") + f"graphs lie there from {known[0]} to {known[-1]}",
        )
    return Found(name, place, folder, read_manifest(folder))


def know_user(user_id: str, *found: tuple[Found, InterestGraph]) -> None:
    """UnknownUserError where none of the graphs has the user."""
    if any(user_row(graph, user_id) is not None for _, graph in found):
        return
    known = [each for each in ids(found[-1][1], "user").to_pylist() if each is not None]
    near = get_close_matches(user_id, known, n=3)
    raise UnknownUserError(
        f"user {user_id!r} is not in the graph",
        where=", ".join(f"graph of {each.window}" for each, _ in found),
        mend=f"did you mean {' or '.join(near)}?" if near else "give the id as the source has it",
    )
