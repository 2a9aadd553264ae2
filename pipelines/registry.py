"""The registry: versions of the model in MLflow, who serves in the ledger, and aliases that follow the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.files import whole_folder
from pipelines.ledger import Draft, Entry, Ledger, Refusal
from pipelines.packaging import ARTIFACT, log_model
from pipelines.tracking import open_client

MODEL = "interest-graph"


@dataclass(frozen=True)
class Version:
    """A promoted version: until where it learnt (`data_cut`, ISO), and when and why it was promoted."""

    version: str
    window: str
    data_cut: str
    run_id: str
    promoted_at: str
    verdict: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Promotion:
    """A judged version that asks to serve. `expected_champion` is the one it was judged against, None for the first."""

    version: str
    expected_champion: str | None
    window: str
    data_cut: str
    run_id: str
    verdict: str
    verdict_digest: str
    reason: str
    update_key: str


def register(context: Context, run_id: str, model_folder: Path, tags: Mapping[str, str]) -> str:
    """Log `model_folder` (named `model`, holding `state/` and `graph/`) as the run's model; give its version.

    A run has one model and one version however often this is called or killed. The version becomes `candidate`.
    """
    with _mlflow_answers(context):
        client = open_client(context)
        found = client.search_model_versions(f"name = '{MODEL}' and run_id = '{run_id}'")
        if found:
            version = str(min(int(known.version) for known in found))
        else:
            model_id = log_model(client, run_id, model_folder, name=MODEL)
            _ensure_registered_model(client)
            made = client.create_model_version(
                MODEL, source=f"models:/{model_id}", run_id=run_id, tags=dict(tags), model_id=model_id
            )
            version = str(made.version)
        _offer(client, version, _open_ledger(context).entries())
    return version


def promote(context: Context, promotion: Promotion, *, forced: bool = False) -> str | None:
    """Make a version champion, in the ledger and then by alias; give the reason where the ledger refuses, else None.

    `forced` lets a version that was rolled back serve again. The same update never promotes twice.
    """
    fields = asdict(promotion)
    base = fields.pop("expected_champion")
    draft = Draft(kind="promotion", base_version=base, actor=context.settings.actor, **fields)
    refused = None
    try:
        _open_ledger(context).append(draft, forced=forced)
    except Refusal as refusal:
        refused = refusal.what
    sync_aliases(context)
    return refused


def rollback(context: Context, *, reason: str, actor: str) -> Entry:
    """Let the previous champion serve again. Raises RegistryError when there is none."""
    ledger = _open_ledger(context)
    entries, champion, previous = ledger.entries(), ledger.champion(), ledger.previous()
    if champion is None or previous is None:
        serving = f"no version was promoted before {champion.version}" if champion else "nothing was promoted yet"
        raise RegistryError(
            f"there is nothing to roll back to: {serving}",
            where=f"ledger {ledger.where}",
            mend="promote a later version first; the champion keeps serving",
        )
    kept = {name: getattr(previous, name) for name in ("window", "data_cut", "run_id", "verdict", "verdict_digest")}
    entry = ledger.append(
        Draft(
            kind="rollback",
            version=previous.version,
            base_version=champion.version,
            reason=reason,
            actor=actor,
            update_key=f"rollback after {entries[-1].hash}",  # two who roll back at once undo one promotion, not two
            **kept,
        )
    )
    sync_aliases(context)
    return entry


def sync_aliases(context: Context) -> None:
    """Make MLflow's aliases say what the ledger says; mends what a kill between the two left."""
    ledger = _open_ledger(context)
    champion, previous = ledger.champion(), ledger.previous()
    if champion is None:
        _refuse_lost_ledger(context, ledger)
        return
    with _mlflow_answers(context):
        client = open_client(context)
        aliases = {alias: str(at) for alias, at in client.get_registered_model(MODEL).aliases.items()}
        wanted = {"champion": champion.version, "previous": previous.version if previous else None}
        if aliases.get("candidate") in _promoted(ledger.entries()):
            wanted["candidate"] = None
        for alias, version in wanted.items():
            if version is not None and aliases.get(alias) != version:
                client.set_registered_model_alias(MODEL, alias, version)
            elif version is None and alias in aliases:
                client.delete_registered_model_alias(MODEL, alias)


def champion(context: Context) -> Version | None:
    """The version that serves; None before the first promotion."""
    return _as_version(_open_ledger(context).champion())


def previous(context: Context) -> Version | None:
    """The version a rollback would restore; None where there is none."""
    return _as_version(_open_ledger(context).previous())


def last_entry(context: Context) -> Entry | None:
    """What was entered into the ledger last; None before the first promotion."""
    entries = _open_ledger(context).entries()
    return entries[-1] if entries else None


def promoted_by(context: Context, update_key: str) -> bool:
    """Whether the update of this key has promoted its version."""
    return any(entry.update_key == update_key for entry in _open_ledger(context).entries())


def broken_entry(context: Context) -> int | None:
    """The number of the ledger's first entry that is not as it was written; None when all are."""
    return _open_ledger(context).verify()


def model_folder(context: Context, version: str) -> Path:
    """Where the version's `state/` and `graph/` lie: in a local store itself, or downloaded once from a remote one."""
    with _mlflow_answers(context):
        client = open_client(context)
        location = client.get_model_version_download_uri(MODEL, version)
        if location.startswith("file:"):
            return Path(location.removeprefix("file://")) / "artifacts" / ARTIFACT
        cached = context.path("models", version)
        if not cached.is_dir():
            with whole_folder(cached) as beside:
                uri = f"{location}/artifacts/{ARTIFACT}"
                download_artifacts(artifact_uri=uri, dst_path=str(beside), tracking_uri=context.settings.mlflow_uri)
        return cached / ARTIFACT


def _refuse_lost_ledger(context: Context, ledger: Ledger) -> None:
    """An alias without a ledger: it was lost, or is looked for in the wrong place."""
    with _mlflow_answers(context):
        found = open_client(context).search_registered_models(f"name = '{MODEL}'")
    serving = found[0].aliases.get("champion") if found else None
    if serving is not None:
        raise RegistryError(
            f"the ledger is empty, but MLflow says that version {serving} serves",
            where=f"ledger {ledger.where}",
            mend="point TIDEGRAPH_LEDGER_URL at the ledger of this MLflow, or restore it from a backup",
        )


def _open_ledger(context: Context) -> Ledger:
    return Ledger(context.settings.ledger_url)


def _offer(client: MlflowClient, version: str, entries: list[Entry]) -> None:
    """Point `candidate` at a version that was never promoted, unless a newer one asks already."""
    asking = client.get_registered_model(MODEL).aliases.get("candidate")
    if version not in _promoted(entries) and (asking is None or int(asking) < int(version)):
        client.set_registered_model_alias(MODEL, "candidate", version)


def _promoted(entries: list[Entry]) -> set[str]:
    return {entry.version for entry in entries if entry.kind == "promotion"}


def _as_version(entry: Entry | None) -> Version | None:
    if entry is None:
        return None
    return Version(entry.version, entry.window, entry.data_cut, entry.run_id, entry.at, entry.verdict)


def _ensure_registered_model(client: MlflowClient) -> None:
    if not client.search_registered_models(f"name = '{MODEL}'"):
        client.create_registered_model(MODEL, description="Ranks all items for each user over the interest graph")


@contextmanager
def _mlflow_answers(context: Context) -> Iterator[None]:
    try:
        yield
    except MlflowException as error:
        raise RegistryError(
            f"MLflow refused: {str(error).splitlines()[0]}",
            where=context.settings.mlflow_uri,
            mend="start the server or mend TIDEGRAPH_MLFLOW_URI, and run the same command again",
        ) from error
