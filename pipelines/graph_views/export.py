"""A graph in the formats of others: Parquet tables, GraphML, or a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq

from features.kinds import NODES
from features.merge import is_count
from features.readable import KINDS, ends, read_edges, read_nodes
from pipelines.errors import ExportError
from pipelines.files import whole_file, whole_folder, write_json
from pipelines.graph_views.finding import Found, about

_EXPORTED = re.compile(r"graph\.json|(nodes|edges)-\w+\.parquet")
MOST_EDGES = 200_000
"""Edges in one GraphML file unless more are asked for: with more, few programs open it."""


def kinds_named(names: Sequence[str] | None) -> Sequence[str]:
    """KINDS, or those named; ExportError for a name that is none of them."""
    for name in names or ():
        if name not in KINDS:
            near = get_close_matches(name, KINDS, n=1)
            raise ExportError(
                f"there are no edges of kind {name!r}",
                where="--edges",
                mend=(f"did you mean {near[0]}? " if near else "") + f"the kinds are {', '.join(KINDS)}",
            )
    return list(dict.fromkeys(names)) if names else KINDS


def export_parquet(found: Found, folder: Path, kinds: Sequence[str]) -> list[Path]:
    """Write `nodes-<type>.parquet`, `edges-<kind>.parquet` and `graph.json`, in place of an earlier export.

    Raises ExportError for a folder that holds anything else.
    """
    foreign = _foreign(folder)
    if foreign is not None:
        raise ExportError(
            f"the folder holds something else, which an export would replace: {foreign}",
            where=str(folder),
            mend="name a new folder with --out",
        )
    graph = found.open()
    with whole_folder(folder) as beside:
        for node in NODES:
            pq.write_table(read_nodes(graph, node), beside / f"nodes-{node}.parquet", compression="zstd")
        for kind in kinds:
            pq.write_table(read_edges(graph, kind), beside / f"edges-{kind}.parquet", compression="zstd")
        write_json(beside / "graph.json", about(found))
    return sorted(folder.iterdir())


def _foreign(folder: Path) -> str | None:
    """The name of something in `folder` that no export wrote; None where there is nothing."""
    if folder.exists() and not folder.is_dir():
        return folder.name
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    return next((name for name in names if not _EXPORTED.fullmatch(name)), None)


def export_graphml(found: Found, path: Path, kinds: Sequence[str], *, most: int | None = None) -> list[Path]:
    """Write a directed graph whose nodes are named `<type>:<id>`; only nodes with an edge of `kinds` are in it.

    Raises ExportError where that would be more than `most` edges (default: MOST_EDGES).
    """
    graph = found.open()
    tables = {kind: read_edges(graph, kind) for kind in kinds}
    _refuse_large(tables, most or MOST_EDGES, found)
    drawn = nx.DiGraph(**about(found))
    for kind, table in tables.items():
        drawn.add_edges_from(_edges(kind, table))
    for node in NODES:
        known = read_nodes(graph, node)
        drawn.add_nodes_from(each for each in _nodes(node, known) if each[0] in drawn)
    with whole_file(path) as beside:
        nx.write_graphml(drawn, beside)
    return [path]


def _refuse_large(tables: dict[str, pa.Table], most: int, found: Found) -> None:
    edges = {kind: len(table) for kind, table in tables.items()}
    if sum(edges.values()) > most:
        fit = sorted((kind for kind, count in edges.items() if 0 < count <= most), key=edges.__getitem__)
        raise ExportError(
            f"GraphML of {sum(edges.values()):,} edges would be more than --most, which is {most:,}",
            where=f"graph of {found.window}: " + ", ".join(f"{kind} {count:,}" for kind, count in edges.items()),
            mend=(f"choose kinds that fit, such as --edges {fit[-1]}; " if fit else "")
            + "take `--format parquet`, or raise --most, though few programs open so many",
        )


def _edges(kind: str, table: pa.Table) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """`weight` and `short`: at the longest and shortest half-life; `events`: of any type."""
    source, target = ends(kind)
    weights = [column for column in table.column_names if column.startswith("weight_")]
    counts = [column for column in table.column_names if is_count(column)]
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            said: dict[str, Any] = {"kind": kind}
            if weights:
                said |= {"weight": row[weights[-1]], "short": row[weights[0]]}
                said |= {"events": sum(row[column] or 0 for column in counts)}
                said |= {name: row[name].isoformat() for name in ("first_at", "last_at")}
            yield node_id(source, row["source_id"]), node_id(target, row["target_id"]), said


def _nodes(node: str, table: pa.Table) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in table.to_pylist():
        known = {name: value for name, value in row.items() if value is not None and name not in ("id", "since")}
        said = {"type": node, "label": row.get("title") or row["id"], "since": row["since"].isoformat(), **known}
        yield node_id(node, row["id"]), {name: _for_xml(value) for name, value in said.items()}


def node_id(node: str, id_: str) -> str:
    """The name of a node in GraphML, where one type's ids may be another's too."""
    return f"{node}:{_for_xml(id_)}"


def _for_xml(value: Any) -> Any:
    """XML cannot hold control characters at all; they are written out, and so is the sign that they are written with,
    so that no two ids become one."""
    return _NOT_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", value) if isinstance(value, str) else value


_NOT_XML = re.compile(r"[\\\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
