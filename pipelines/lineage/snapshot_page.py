"""A snapshot as a page: what is in it, where it came from, how it was judged, how to read it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.context import Context
from pipelines.files import read_json
from pipelines.snapshots.mlflow_source import DvcSnapshot
from pipelines.templates import templates_of


def page_path(tag: str) -> str:
    """Where a run keeps the page of the snapshot: `snapshots/2017-10-08.html`."""
    return f"snapshots/{tag.removeprefix('snapshot/')}.html"


def tell_snapshot(
    snapshot: Mapping[str, str], lineage: Mapping[str, Any], rows: Mapping[str, int], context: Context
) -> dict[str, Any]:
    """Of a `snapshot` in a run's `lineage`, with its `rows` by file: `tag`, `window`, `digest`, `registry`, `rows`,
    `source` (connector and files by name), `quality` (what the validation counted), `command` and `version`."""
    window = snapshot["window"]
    stored = DvcSnapshot(str(context.path("registry")), snapshot["tag"])
    return {
        **snapshot,
        "registry": stored.registry,
        "commit": lineage["registry_commit"],
        "rows": dict(rows),
        "source": _of_window(window, lineage["sources"]),
        "quality": _quality(window, context),
        "command": stored.command,
        "version": lineage["model_version"],
    }


def render_snapshot(told: Mapping[str, Any]) -> str:
    """HTML of what `tell_snapshot` gave; nothing of it is taken for markup."""
    return templates_of("pipelines.lineage").get_template("snapshot.html").render(**told)


def _of_window(window: str, told: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    found = next((each for each in told if each["window"] == window), {})
    return {"connector": found.get("connector"), "files": found.get("files") or {}}


def _quality(window: str, context: Context) -> dict[str, Any]:
    """`tables`: rows collected, accepted and quarantined of each; `reasons` for quarantine and how many; `warnings`."""
    path = context.path("validation", f"{window}.json")
    told = read_json(path) if path.is_file() else {}
    counts = ("collected", "accepted", "quarantined")
    tables = [
        {"table": table} | {count: (told.get(count) or {}).get(table) for count in counts}
        for table in told.get("collected") or {}
    ]
    return {"tables": tables, "reasons": told.get("reasons") or {}, "warnings": told.get("warnings") or []}
