"""What an update left that its lineage is put together from, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from features.graph import instant
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import digest_json, read_json
from pipelines.graphs.files import read_manifest
from pipelines.jobs import Job
from pipelines.lineage.environment import tell_environment
from pipelines.lineage.written_params import write_params
from pipelines.records import find_record
from pipelines.runner import STEPS
from pipelines.snapshots.data_registry import open_data_registry


@dataclass(frozen=True)
class Facts:
    """`results` by step; a step that did not run has none. `landings` and `validations` by window, as they lie in
    TIDEGRAPH_HOME; `knew`: tag and digest of each window's snapshot when the update took its own. `graph`: what the
    manifest of the graph says of its making; `parent`: the lineage of the graph that it was folded into. `cohorts`: as
    of when (ISO) the graph was on which memory of a past window was judged."""

    kind: str
    windows: tuple[str, ...]
    dry_run: bool = False
    airflow_run: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    params_digest: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    landings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    validations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    knew: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    graph: Mapping[str, Any] = field(default_factory=dict)
    parent: Mapping[str, Any] | None = None
    cohorts: Mapping[str, str] = field(default_factory=dict)

    def result(self, step: str) -> Mapping[str, Any]:
        """Empty where the step left nothing."""
        return self.results.get(step) or {}


def read_facts(job: Job, context: Context, *, tags: Mapping[str, str]) -> Facts:
    """Of `job`, whose MLflow run has `tags`; what is not there is left out."""
    found = {step: find_record(step, job, context) for step in STEPS[:-1]}
    results = {step: record.result for step, record in found.items() if record is not None}
    names = tuple(window.name for window in job.windows)
    about = (_manifest(context, job.name, "end") or {}).get("about", {})
    memory = results.get("evaluate", {}).get("memory") or {}
    return Facts(
        kind=job.kind,
        windows=names,
        dry_run=job.dry_run,
        airflow_run=job.airflow_run,
        tags=tags,
        params=write_params(context.params),
        params_digest=registry.params_digest(context),
        environment=tell_environment(context.settings),
        results=results,
        landings=_by_window(names, context, "landing/{}/manifest.json"),
        validations=_by_window(names, context, "validation/{}.json"),
        knew=_knew(results.get("snapshot", {}).get("commit"), job.name, context),
        graph=about,
        parent=_parent(about, context),
        cohorts={window: cut for window in memory if (cut := _cut(context, window))},
    )


def lineage_path(window: str) -> str:
    """Where the lineage of a window's last update lies below TIDEGRAPH_HOME."""
    return f"updates/{window}/lineage.json"


def _by_window(names: tuple[str, ...], context: Context, place: str) -> dict[str, Any]:
    paths = {name: context.path(place.format(name)) for name in names}
    found = {name: read_json(path) for name, path in paths.items() if path.is_file()}
    return {name: content | {"sha256": digest_json(content)} for name, content in found.items()}


def _knew(commit: str | None, newest: str, context: Context) -> dict[str, tuple[str, str]]:
    if commit is None:
        return {}
    known = open_data_registry(context).known_at(commit)
    return {window: told for window, told in sorted(known.items()) if window <= newest}


def _manifest(context: Context, window: str, place: str) -> dict[str, Any] | None:
    try:
        return read_manifest(context.path("graphs", window, place))
    except StoreError:
        return None


def _cut(context: Context, window: str) -> str | None:
    manifest = _manifest(context, window, "cut")
    if manifest is None:
        return None
    return instant(manifest["as_of"]).isoformat()


def _parent(about: Mapping[str, Any], context: Context) -> dict[str, Any] | None:
    parent = about.get("parent")
    path = context.path(lineage_path(parent["window"])) if parent else None
    if parent is None or path is None or not path.is_file():
        return None
    told: dict[str, Any] = read_json(path)
    return told if told.get("graph_at_end") == parent["hash"] else None
