"""The registry: versions of the model in MLflow, who serves in the ledger, and aliases that follow the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import DatabaseError

from pipelines import aliases
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.files import digest_json, whole_folder
from pipelines.ledger.book import Draft, Entry, Ledger, Refusal
from pipelines.ledger.rules import frozen, standing_promotions
from pipelines.serving.packaging import ARTIFACT, log_model
from pipelines.tracking import open_client


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


def register(
    context: Context, run_id: str, model_folder: Path, tags: Mapping[str, str], *, offered: bool = True
) -> str:
    """Log `model_folder` (named `model`, holding `state/` and `graph/`) as the run's model; give its version.

    A run has one model and one version however often this is called or killed. The version becomes `candidate` where
    it is `offered`.
    """
    with mlflow_answers(context):
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
        if offered:
            aliases.offer(client, version, entries(context))
    return version


def promote(context: Context, promotion: Draft, *, forced: bool = False) -> str | None:
    """Make a version champion, in the ledger and then by alias; give the reason where the ledger refuses, else None.

    `forced` lets a version that was rolled back serve again. The same update never promotes twice.
    """
    try:
        act(context, promotion, forced=forced)
    except Refusal as refusal:
        sync_aliases(context)
        return refusal.what
    return None


def rollback(
    context: Context, *, reason: str, actor: str, to: Entry | None = None, expected: str | None = None
) -> Entry:
    """Let an earlier champion serve again: `to`, a promotion that stands, or the previous one.

    Raises RegistryError when there is none, and Refusal where another version than the `expected` one serves.
    """
    known = entries(context)
    standing = standing_promotions(known)
    if len(standing) < 2:
        serving = f"no version was promoted before {standing[0].version}" if standing else "nothing was promoted yet"
        raise RegistryError(
            f"there is nothing to roll back to: {serving}",
            where=f"ledger {where(context)}",
            mend="promote a later version first; the champion keeps serving",
        )
    restored, replaced = to or standing[-2], expected or standing[-1].version
    kept = ("version", "window", "data_cut", "run_id", "verdict", "verdict_digest", "snapshots", "code")
    draft = Draft(
        kind="rollback",
        base_version=replaced,
        previous_version=replaced,
        reason=reason,
        actor=actor,
        # two who roll back at once undo one promotion, not two
        update_key=f"rollback to {restored.version} after {known[-1].hash}",
        params_digest=restored.params_digest,
        **{name: getattr(restored, name) for name in kept},
    )
    return act(context, draft)


def act(context: Context, draft: Draft, *, forced: bool = False) -> Entry:
    """Enter `draft`, and let MLflow's aliases follow. Raises Refusal, and RegistryError for a ledger cut short."""
    ledger = _open_ledger(context)
    with mlflow_answers(context):
        _refuse_cut_short(context, aliases.missing_entry(aliases.find_model(open_client(context)), ledger.entries()))
    entry = ledger.append(draft, forced=forced)
    sync_aliases(context)
    return entry


def sync_aliases(context: Context) -> list[str]:
    """Make MLflow's aliases say what the ledger says; mends what a kill between the two left, and tells what it was."""
    with mlflow_answers(context):
        client = open_client(context)
        model = aliases.find_model(client)
        known = entries(context)  # after the head: one that was noted later would look like an entry that is missing
        if not known:
            _refuse_lost_ledger(context, model.aliases.get("champion") if model else None)
        if model is None:
            return []
        _refuse_cut_short(context, aliases.missing_entry(model, known))
        return aliases.mend(client, model, known)


def champion(context: Context) -> Version | None:
    """The version that serves; None before the first promotion."""
    return _as_version(_open_ledger(context).champion())


def previous(context: Context) -> Version | None:
    """The version a rollback would restore; None where there is none."""
    return _as_version(_open_ledger(context).previous())


def champion_before(context: Context, window: str) -> Version | None:
    """Of the promotions that stand, the newest of a window before `window`: what an update of it would start from."""
    earlier = [entry for entry in standing_promotions(entries(context)) if entry.window < window]
    return _as_version(earlier[-1] if earlier else None)


def entries(context: Context) -> list[Entry]:
    """The ledger, oldest entry first."""
    return _open_ledger(context).entries()


def where(context: Context) -> str:
    """The ledger's address, without a password."""
    return _open_ledger(context).where


def last_entry(context: Context) -> Entry | None:
    """What was entered into the ledger last; None before the first act."""
    known = entries(context)
    return known[-1] if known else None


def freeze_now(context: Context) -> Entry | None:
    """The freeze that holds at this moment."""
    return frozen(entries(context), datetime.now(UTC))


def promoted_by(context: Context, update_key: str) -> bool:
    """Whether the update of this key has promoted its version."""
    return any(entry.update_key == update_key for entry in entries(context))


def alias_champion(context: Context) -> str | None:
    """The version that who goes by MLflow's alias gets, as `mlflow models serve` does; None where there is none."""
    with mlflow_answers(context):
        model = aliases.find_model(open_client(context))
        found = model.aliases.get("champion") if model else None
        return None if found is None else str(found)


def model_folder(context: Context, version: str) -> Path:
    """Where the version's `state/` and `graph/` lie: in a local store itself, or downloaded once from a remote one."""
    with mlflow_answers(context):
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


def params_digest(context: Context) -> str:
    """What the ledger keeps of params.yaml: SHA-256 of all that is in it."""
    return digest_json(context.params.model_dump(mode="json", by_alias=True))


@contextmanager
def mlflow_answers(context: Context) -> Iterator[None]:
    """Turn what MLflow raises into an error that says where and how to mend."""
    try:
        yield
    except MlflowException as error:
        raise RegistryError(
            f"MLflow refused: {str(error).splitlines()[0]}",
            where=context.settings.mlflow_uri,
            mend="start the server or mend TIDEGRAPH_MLFLOW_URI, and run the same command again",
        ) from error
    except DatabaseError as error:
        raise RegistryError(
            f"MLflow's database cannot be used: {error.orig or error}",
            where=context.settings.mlflow_uri,
            mend="mend TIDEGRAPH_MLFLOW_URI, or restore the database from a backup",
        ) from error


def _refuse_lost_ledger(context: Context, serving: str | None) -> None:
    """An alias without a ledger: it was lost, or is looked for in the wrong place."""
    if serving is not None:
        raise RegistryError(
            f"the ledger is empty, but MLflow says that version {serving} serves",
            where=f"ledger {where(context)}",
            mend="point TIDEGRAPH_LEDGER_URL at the ledger of this MLflow, or restore it from a backup",
        )


def _refuse_cut_short(context: Context, missing: int | None) -> None:
    if missing is not None:
        raise RegistryError(
            f"the ledger does not have entry {missing} as MLflow noted it: it was cut short, or is another one",
            where=f"ledger {where(context)}",
            mend="point TIDEGRAPH_LEDGER_URL at the ledger of this MLflow, or restore it from a backup",
        )


def _open_ledger(context: Context) -> Ledger:
    return Ledger(context.settings.ledger_url)


def _as_version(entry: Entry | None) -> Version | None:
    if entry is None:
        return None
    return Version(entry.version, entry.window, entry.data_cut, entry.run_id, entry.at, entry.verdict)


def _ensure_registered_model(client: MlflowClient) -> None:
    if aliases.find_model(client) is None:
        client.create_registered_model(MODEL, description="Ranks all items for each user over the interest graph")
