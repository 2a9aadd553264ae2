"""The interest graph at rest: a folder of memory-mapped Arrow files, one for each table of a segment, and a manifest.

A graph and its parent share the files of the segments they share (hard links), so that what a fold writes grows with
its delta. Opening maps the files and reads none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from features.graph import InterestGraph
from features.kinds import NODES
from features.rules import Rules
from pipelines.errors import StoreError
from pipelines.files import digest_json, read_json, whole_folder, write_json
from pipelines.graphs.schema_1 import read_schema_1
from pipelines.graphs.segment_files import check_segment, read_segment, write_segment

SCHEMA = 2


def write_graph(folder: Path, graph: InterestGraph, *, about: Mapping[str, Any]) -> str:
    """Write `graph` whole or not at all; `about` (parent, snapshot tags, params) joins the manifest. Gives its hash."""
    with whole_folder(folder) as beside:
        return fill_graph_folder(beside, graph, about=about)


def fill_graph_folder(folder: Path, graph: InterestGraph, *, about: Mapping[str, Any]) -> str:
    """Write the segments and manifest into an existing folder, which the caller makes appear whole."""
    segments = [
        write_segment(folder / "segments" / f"{place:03d}", segment) for place, segment in enumerate(graph.segments)
    ]
    content = {
        "schema": SCHEMA,
        "as_of": graph.as_of,
        "epoch": graph.epoch,
        "rules": asdict(graph.rules),
        "segments": segments,
    }
    manifest = content | {
        "hash": digest_json(content),
        "nodes": {node: graph.count(node) for node in NODES},
        "edge_rows": {name: sum(_rows(segment, name) for segment in segments) for name in graph.rules.half_lives},
        "about": dict(about),
    }
    write_json(folder / "manifest.json", manifest | {"manifest_hash": digest_json(manifest)})
    return str(manifest["hash"])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a graph of any schema; StoreError where there is none, or it was changed."""
    if not (folder / "manifest.json").is_file():
        raise StoreError(
            "no interest graph here",
            where=str(folder),
            mend="run the refresh step of that window (or the bootstrap)",
        )
    manifest = read_json(folder / "manifest.json")
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if schema not in (1, SCHEMA):
        raise StoreError(
            f"the graph has schema {schema}, and this version of Tidegraph reads {SCHEMA} and 1",
            where=str(folder / "manifest.json"),
            mend="run the refresh step of that window again, or use the version that wrote it",
        )
    if schema == SCHEMA and manifest.pop("manifest_hash", None) != digest_json(manifest):
        raise StoreError(
            "the graph's manifest does not match its own hash",
            where=str(folder / "manifest.json"),
            mend="run the refresh step of that window again; the manifest was changed after it was written",
        )
    return manifest


def bytes_of(manifest: Mapping[str, Any]) -> int:
    """Bytes of the files that a manifest names, whether the graph shares them with its parent or not."""
    segments = manifest["segments"] if manifest["schema"] == SCHEMA else []
    return sum(file["bytes"] for segment in segments for file in segment["files"].values())


def read_graph(folder: Path) -> InterestGraph:
    """Open a graph, in a time that does not grow with it; StoreError when a file is missing or has another size.

    The files' bytes are compared with their hashes by `check_graph_folder`.
    """
    manifest = read_manifest(folder)
    if manifest["schema"] == 1:
        return read_schema_1(folder, manifest)
    return InterestGraph(
        as_of=manifest["as_of"],
        epoch=manifest["epoch"],
        rules=_rules(manifest["rules"]),
        segments=tuple(
            read_segment(folder / "segments" / f"{place:03d}", told) for place, told in enumerate(manifest["segments"])
        ),
    )


def check_graph_folder(folder: Path) -> int:
    """Compare every byte of a graph with its manifest; StoreError for the first file that differs. Gives the bytes."""
    manifest = read_manifest(folder)
    if manifest["schema"] == 1:
        read_schema_1(folder, manifest)
        return 0
    return sum(
        check_segment(folder / "segments" / f"{place:03d}", told) for place, told in enumerate(manifest["segments"])
    )


def _rules(told: dict[str, Any]) -> Rules:
    half_lives = {name: tuple(spans) for name, spans in told["half_lives"].items()}
    return Rules(**{**told, "half_lives": half_lives})


def _rows(segment: dict[str, Any], name: str) -> int:
    return int(segment["files"].get(f"edges-{name}.arrow", {"rows": 0})["rows"])
