"""A registered version as its update left it: judged, when, against whom, and on what."""

from __future__ import annotations

from dataclasses import dataclass

from mlflow.entities.model_registry import ModelVersion

from pipelines import registry
from pipelines.aliases import MODEL, unknown_version
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.tracking import open_client

_OUTCOMES = ("PASS", "FAIL", "INCONCLUSIVE")
_NEEDED = ("window", "data_cut")


@dataclass(frozen=True)
class Judged:
    """What the tags of a version and of its run tell; empty where a version of before did not keep it."""

    version: str
    verdict: str
    verdict_reason: str
    verdict_digest: str
    window: str
    data_cut: str
    base_version: str | None
    run_id: str
    snapshots: str
    code: str
    params_digest: str


def find_judged(context: Context, version: str) -> Judged:
    """The registered `version`. RegistryError when there is none, or when it was never judged."""
    with registry.mlflow_answers(context):
        client = open_client(context)
        found = _find(context, version)
        run_id = found.run_id or ""
        tags = {**(client.get_run(run_id).data.tags if run_id else {}), **found.tags}
    if found.tags.get("verdict") not in _OUTCOMES or any(not tags.get(name) for name in _NEEDED):
        raise RegistryError(
            f"version {version} was never judged: its tags tell no verdict, window and data cut",
            where=f"model {MODEL}, version {version}",
            mend="name a version that an update registered; `tidegraph update` judges and registers one",
        )
    return Judged(
        version=version,
        base_version=tags.get("base_version") or None,
        run_id=run_id,
        code=tags.get("code_revision", ""),
        **{name: tags.get(name, "") for name in _TOLD},
    )


_TOLD = ("verdict", "verdict_reason", "verdict_digest", "window", "data_cut", "snapshots", "params_digest")


def _find(context: Context, version: str) -> ModelVersion:
    known = {str(one.version): one for one in open_client(context).search_model_versions(f"name = '{MODEL}'")}
    if version in known:
        return known[version]
    raise unknown_version(version, known)
