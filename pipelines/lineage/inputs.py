"""The snapshots that an update took, as the inputs of its MLflow run: with source, columns and numbers of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Run

from features.schema import TABLES
from pipelines import tracking
from pipelines.context import Context
from pipelines.lineage.snapshot_page import page_path, render_snapshot, tell_snapshot
from pipelines.snapshots.mlflow_source import DvcSnapshot
from pipelines.tracking import DatasetUse

_TYPES = {"str": "string", "float64": "double", "int64": "long"}


def log_inputs(run_id: str, lineage: Mapping[str, Any], context: Context) -> None:
    """Name the snapshots as the run's inputs, each with a page of its own, which MLflow's panel of datasets opens."""
    run = tracking.open_client(context).get_run(run_id)
    for told in lineage["snapshots"]:
        page = render_snapshot(tell_snapshot(told, lineage, rows_of(told, context), context))
        tracking.log_text(context, run_id, page, page_path(told["tag"]))
    tracking.log_datasets(context, run_id, _inputs(run, lineage, context))


def _inputs(run: Run, lineage: Mapping[str, Any], context: Context) -> Iterator[DatasetUse]:
    """One for each snapshot, named by its tag. MLflow 3.17 shows the entries of a profile, and those of a source only
    in the link: so the profile says how to get at the rows."""
    schema = json.dumps({"mlflow_colspec": _columns()})
    for told in lineage["snapshots"]:
        page = tracking.page_of(run, page_path(told["tag"]))
        snapshot = DvcSnapshot(str(context.path("registry")), told["tag"], page)
        rows = rows_of(told, context)
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


def rows_of(snapshot: Mapping[str, str], context: Context) -> dict[str, int]:
    """Rows by file: `events`, `users`, `items`, and `late-<window>` of what came later; the registry's working tree has
    them, since the snapshot was just taken."""
    files = sorted(context.path("registry", "partitions", snapshot["window"]).glob("*.parquet"))
    return {path.stem: count for path in files if (count := _count(path)) is not None}


def _count(path: Path) -> int | None:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowInvalid):
        return None
