"""The one MLflow run of an update: found again by its update key, so that a killed update goes on in the same run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from pipelines.context import Context
from pipelines.snapshots.mlflow_source import KIND, register_source

for _chatty in ("mlflow.store.db.utils", "alembic"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

# MLflow's own patience with a server that is down, some four minutes, looks like a hang
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")

UPDATE_KEY = "update_key"
_METRICS_A_BATCH = 1000
_PARAMS_A_BATCH = 100


@dataclass(frozen=True)
class DatasetUse:
    """One snapshot partition that an update learns from; `source` says where it is read back from, as JSON of
    `pipelines.snapshots.mlflow_source.DvcSnapshot`. `schema` and `profile` (numbers of rows) are JSON that MLflow's
    page shows."""

    name: str
    digest: str
    source: str
    role: str = "train"
    schema: str | None = None
    profile: str | None = None


def page_of(run: Run, artifact: str) -> str:
    """Where MLflow's page shows the run's `artifact`, relative to the address of the server."""
    return f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}/artifacts/{artifact}"


def open_client(context: Context) -> MlflowClient:
    """A client of the tracking server and registry of these settings; a local database is made on first use."""
    uri = context.settings.mlflow_uri
    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(uri)  # the registry's own store asks the process-wide client for a version's model
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def open_run(context: Context, *, update_key: str, name: str, tags: Mapping[str, str]) -> str:
    """The id of the update's run, resumed where there is one. `tags` must name the `window`.

    Runs of the same window that a killed update left RUNNING under another key are marked KILLED.
    """
    client = open_client(context)
    experiment = _experiment(client, context)
    actor = context.settings.actor
    running = f"attributes.status = 'RUNNING' and tags.window = '{tags['window']}'"
    found = client.search_runs(
        [experiment], f"tags.{UPDATE_KEY} = '{update_key}'", order_by=["attributes.start_time ASC"], max_results=1
    )
    if found:
        run = found[0]
        client.update_run(run.info.run_id, status="RUNNING", name=name)
        log_tags(context, run.info.run_id, tags)
    else:
        run = client.create_run(experiment, run_name=name, tags={**tags, UPDATE_KEY: update_key, "mlflow.user": actor})
    for other in client.search_runs([experiment], running):
        if other.info.run_id != run.info.run_id:
            client.set_terminated(other.info.run_id, status="KILLED")
    return str(run.info.run_id)


def finish(context: Context, run_id: str, status: str = "FINISHED") -> None:
    """End the run as FINISHED, FAILED or KILLED."""
    open_client(context).set_terminated(run_id, status=status)


def log_tags(context: Context, run_id: str, tags: Mapping[str, str]) -> None:
    client = open_client(context)
    client.log_batch(run_id, tags=[RunTag(name, str(value)) for name, value in tags.items()])


def log_params(context: Context, run_id: str, params: Mapping[str, Any]) -> None:
    """Log nested `params` under dotted names. Logging the same again changes nothing; other values raise."""
    client = open_client(context)
    flat = [Param(name, str(value)) for name, value in flatten(params).items()]
    for start in range(0, len(flat), _PARAMS_A_BATCH):
        client.log_batch(run_id, params=flat[start : start + _PARAMS_A_BATCH])


def log_metrics(context: Context, run_id: str, metrics: Mapping[str, float]) -> None:
    """Log single numbers; a name that has its number keeps it, so that a repeated step adds no second point."""
    log_curves(context, run_id, {name: [value] for name, value in metrics.items()})


def log_curves(context: Context, run_id: str, curves: Mapping[str, Sequence[float]]) -> None:
    """Log each curve's numbers at steps 0, 1, …; steps that are there already are left as they are."""
    client = open_client(context)
    run = client.get_run(run_id)
    points = [point for name, values in curves.items() for point in _missing(client, run, name, values)]
    for start in range(0, len(points), _METRICS_A_BATCH):
        client.log_batch(run_id, metrics=points[start : start + _METRICS_A_BATCH])


def log_points(context: Context, run_id: str, points: Mapping[str, float], *, step: int) -> None:
    """Log a number for each name at `step`; those that have one there are left as they are."""
    client = open_client(context)
    run = client.get_run(run_id)
    for name, value in points.items():
        known = client.get_metric_history(run_id, name) if name in run.data.metrics else []
        if step not in {point.step for point in known}:
            client.log_metric(run_id, name, value, timestamp=run.info.start_time, step=step)


def log_dict(context: Context, run_id: str, content: Any, path: str) -> None:
    """Store `content` as the JSON (or YAML) artifact `path`, in place of an earlier one."""
    open_client(context).log_dict(run_id, content, path)


def log_text(context: Context, run_id: str, text: str, path: str) -> None:
    open_client(context).log_text(run_id, text, path)


def log_figure(context: Context, run_id: str, figure: Figure, path: str) -> None:
    open_client(context).log_figure(run_id, figure, path)


def log_files(context: Context, run_id: str, folder: Path, path: str) -> None:
    """Store all files below `folder` as artifacts below `path`."""
    open_client(context).log_artifacts(run_id, str(folder), path)


def log_datasets(context: Context, run_id: str, uses: Iterable[DatasetUse]) -> None:
    """Name what the update learns from as the run's inputs; one that is named already stays single, and as it is."""
    register_source()
    inputs = [
        DatasetInput(
            Dataset(use.name, use.digest, KIND, use.source, schema=use.schema, profile=use.profile),
            tags=[InputTag("mlflow.data.context", use.role)],
        )
        for use in uses
    ]
    open_client(context).log_inputs(run_id, datasets=inputs)


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one level with dotted names; other values as they are."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _experiment(client: MlflowClient, context: Context) -> str:
    name = context.settings.mlflow_experiment
    found = client.get_experiment_by_name(name)
    if found is None:
        remote = context.settings.mlflow_uri.startswith("http")
        location = None if remote else context.settings.artifacts.as_uri()  # a server knows its own place
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process made it in between
            if found is None:
                raise
    return str(found.experiment_id)


def _missing(client: MlflowClient, run: Run, name: str, values: Sequence[float]) -> list[Metric]:
    """The points of a curve that the run lacks; their time is the run's start, so that a repeat is no new point."""
    there: set[int] = set()
    if name in run.data.metrics:
        there = {point.step for point in client.get_metric_history(run.info.run_id, name)}
    return [
        Metric(name, float(value), run.info.start_time, step) for step, value in enumerate(values) if step not in there
    ]
