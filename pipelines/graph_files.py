"""The interest graph at rest: a folder of Parquet tables and a manifest."""

from __future__ import annotations

from pathlib import Path

from features.graph import InterestGraph
from pipelines.errors import StoreError
from pipelines.files import digest_files, read_json, read_table, whole_folder, write_json, write_table

_TABLES = ("users", "items", "edges")


def write_graph(folder: Path, graph: InterestGraph, *, about: dict[str, object]) -> str:
    """Write `graph` whole or not at all; `about` (parent, snapshot tags, params) joins the manifest. Gives its hash."""
    with whole_folder(folder) as beside:
        return fill_graph_folder(beside, graph, about=about)


def fill_graph_folder(folder: Path, graph: InterestGraph, *, about: dict[str, object]) -> str:
    """Write the tables and manifest into an existing folder, which the caller makes appear whole."""
    tables = folder / "tables"
    tables.mkdir()
    for name in _TABLES:
        write_table(tables / f"{name}.parquet", getattr(graph, name))
    content = digest_files(tables)
    manifest = {
        "schema": 1,
        "as_of": graph.as_of,
        "epoch": graph.epoch,
        "half_lives": list(graph.half_lives),
        "hash": content,
        "nodes": {"user": len(graph.users), "item": len(graph.items)}
        | {"category": int(graph.items["category"].nunique()), "brand": int(graph.items["brand"].nunique())},
        "edges": {
            "user-item": len(graph.edges),
            "item-category": int(graph.items["category"].notna().sum()),
            "item-brand": int(graph.items["brand"].notna().sum()),
        },
    }
    write_json(folder / "manifest.json", manifest | {"about": about})
    return content


def read_manifest(folder: Path) -> dict:
    if not (folder / "manifest.json").is_file():
        raise StoreError(
            "no interest graph here",
            where=str(folder),
            mend="run the refresh step of that window (or the bootstrap)",
        )
    return read_json(folder / "manifest.json")


def read_graph(folder: Path) -> InterestGraph:
    """Read a graph; StoreError when a table's bytes are not those the manifest was written for."""
    manifest = read_manifest(folder)
    if digest_files(folder / "tables") != manifest["hash"]:
        raise StoreError(
            "the graph's tables do not match its manifest",
            where=str(folder),
            mend="run the refresh step again",
        )
    tables = {name: read_table(folder / "tables" / f"{name}.parquet") for name in _TABLES}
    return InterestGraph(
        as_of=manifest["as_of"],
        epoch=manifest["epoch"],
        half_lives=tuple(manifest["half_lives"]),
        **tables,
    )
