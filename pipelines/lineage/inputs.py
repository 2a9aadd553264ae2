"""The snapshots that an update took, as the inputs of its MLflow run: with source, columns and numbers of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.schema import TABLES
from pipelines.context import Context
from pipelines.dvc_source import DvcSnapshot
from pipelines.tracking import DatasetUse

_TYPES = {"str": "string", "float64": "double", "int64": "long"}


def inputs_of(lineage: Mapping[str, Any], context: Context) -> Iterator[DatasetUse]:
    """One for each snapshot, named by its tag; the registry's working tree has it, since it was just taken.

    MLflow 3.17 shows the entries of a profile, and makes links of sources of its own kinds only: so the profile says
    how to get at the rows.
    """
    schema = json.dumps({"mlflow_colspec": _columns()})
    for told in lineage["snapshots"]:
        snapshot = DvcSnapshot(str(context.path("registry")), told["tag"])
        rows = _rows(context.path("registry", "partitions", told["window"]))
        yield DatasetUse(
            name=told["tag"],
            digest=told["digest"],
            source=snapshot.to_json(),
            schema=schema,
            profile=json.dumps({**rows, "read_it_back": snapshot.command}),
        )


def _columns() -> list[dict[str, Any]]:
    """The contract's columns, as MLflow's page lists them: `events.user_id` and so on."""
    return [
        {"name": f"{table}.{name}", "type": _TYPES.get(kind, "datetime"), "required": True}
        for table, columns in TABLES.items()
        for name, kind in columns.items()
    ]


def _rows(folder: Path) -> dict[str, int]:
    """Rows by file: `events`, `users`, `items`, and `late-<window>` of what came later."""
    return {path.stem: count for path in sorted(folder.glob("*.parquet")) if (count := _count(path)) is not None}


def _count(path: Path) -> int | None:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowInvalid):
        return None
