"""Reading lineages back: those of versions from their MLflow runs, those of other updates from TIDEGRAPH_HOME."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from pipelines import registry
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import read_json
from pipelines.lineage.record import FORMAT
from pipelines.lineage.seen import Lineage
from pipelines.tracking import open_client

LINEAGE = "lineage.json"
"""The artifact of an update's MLflow run, and the file of its folder."""


def read_lineages(context: Context) -> dict[str, Lineage]:
    """Of every registered version, oldest first. One without a readable `lineage.json` has what its tags tell, and
    `format` None."""
    with registry.mlflow_answers(context):
        client = open_client(context)
        found = client.search_model_versions(f"name = '{MODEL}'")
        ordered = sorted(found, key=lambda one: int(one.version))
        return {str(one.version): _read(client, one, context) for one in ordered}


def read_updates(context: Context) -> list[Lineage]:
    """Of the last update of each window, also of those that registered no version; by window."""
    found = (_whole(path) for path in sorted(context.path("updates").glob(f"*/{LINEAGE}")))
    return [lineage for lineage in found if lineage is not None]


def _read(client: MlflowClient, version: ModelVersion, context: Context) -> Lineage:
    run = client.get_run(version.run_id) if version.run_id else None
    told = _artifact(run, context) if run else None
    if told is None:
        return _from_tags(version, run)
    # a run that was cut off between registering and reporting, or that was reported by a dry run, names none
    return told | {"model_version": str(version.version)}


def _artifact(run: Run, context: Context) -> dict[str, Any] | None:
    uri = f"{run.info.artifact_uri}/{LINEAGE}"
    if uri.startswith("file:"):
        return _whole(Path(uri.removeprefix("file://")))
    with TemporaryDirectory() as folder:
        try:
            path = download_artifacts(artifact_uri=uri, dst_path=folder, tracking_uri=context.settings.mlflow_uri)
        except (MlflowException, OSError):
            return None
        return _whole(Path(path))


def _whole(path: Path) -> dict[str, Any] | None:
    """None where there is no lineage, it is damaged, or of a format that is not known here."""
    try:
        told = read_json(path)
    except StoreError:
        return None
    return told if isinstance(told, dict) and told.get("format") == FORMAT else None


def _from_tags(version: ModelVersion, run: Run | None) -> dict[str, Any]:
    tags = {**(run.data.tags if run else {}), **version.tags}
    snapshots = [tag for tag in tags.get("snapshots", "").split(", ") if tag]
    window = tags.get("window", "")
    return {
        "format": None,
        "window": window,
        "windows": [window] if window else [],
        "mode": tags.get("mode"),
        "airflow_run": tags.get("airflow_run") or None,
        "mlflow_run": version.run_id,
        "code_revision": tags.get("code_revision"),
        "git_commit": tags.get("git_commit"),
        "params_digest": tags.get("params_digest"),
        "snapshots": [{"window": _window(tag), "tag": tag, "digest": None} for tag in snapshots],
        "data_cut": tags.get("data_cut"),
        "base_version": tags.get("base_version") or None,
        "model_version": str(version.version),
        "verdict": {"outcome": tags.get("verdict"), "reason": tags.get("verdict_reason"), "digest": None},
    }


def _window(tag: str) -> str:
    return tag.removeprefix("snapshot/").partition(".")[0]
