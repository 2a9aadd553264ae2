"""MLflow's aliases and the head: what the registered model says of the ledger, and how it is made to follow it.

The head is the newest entry's number and hash, kept as a tag of the registered model. A ledger that was cut short is a
whole chain still; it is the head that it no longer agrees with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlflow import MlflowClient
from mlflow.entities.model_registry import RegisteredModel

from pipelines.errors import RegistryError
from pipelines.ledger.entries import Entry
from pipelines.ledger.rules import standing_promotions

MODEL = "interest-graph"
HEAD = "ledger_head"


def find_model(client: MlflowClient) -> RegisteredModel | None:
    """The registered model; None before the first version."""
    found = client.search_registered_models(f"name = '{MODEL}'")
    return found[0] if found else None


def unknown_version(version: str, known: Iterable[str]) -> RegistryError:
    """The error of who names a version that is not registered; `known` are those that are."""
    there = ", ".join(sorted(known, key=int))
    return RegistryError(
        f"there is no version {version[:40]!r}: {f'there are {there}' if there else 'there is none yet'}",
        where=f"model {MODEL}",
        mend="name one of them" if there else "run an update first; a dry run registers no version",
    )


def missing_entry(model: RegisteredModel | None, entries: Sequence[Entry]) -> int | None:
    """The number of the entry that the head names and the ledger does not have (any more); None where they agree."""
    number, digest = read_head(model)
    if number == 0 or (number <= len(entries) and entries[number - 1].hash == digest):
        return None
    return number


def read_head(model: RegisteredModel | None) -> tuple[int, str]:
    """The newest entry's number and hash as MLflow noted them; (0, "") where nothing is noted, or nothing readable."""
    number, _, digest = str(model.tags.get(HEAD, "") if model else "").partition(" ")
    return (int(number), digest) if number.isdecimal() else (0, "")


def mend(client: MlflowClient, model: RegisteredModel, entries: Sequence[Entry]) -> list[str]:
    """Make aliases and head say what the ledger says; gives what differed, in words."""
    standing = standing_promotions(entries)
    aliases = {alias: str(version) for alias, version in model.aliases.items()}
    wanted: dict[str, str | None] = {
        "champion": standing[-1].version if standing else None,
        "previous": standing[-2].version if len(standing) > 1 else None,
    }
    if aliases.get("candidate") in promoted(entries):
        wanted["candidate"] = None
    wrong = {alias: version for alias, version in wanted.items() if aliases.get(alias) != version}
    for alias, version in wrong.items():
        if version is not None:
            client.set_registered_model_alias(MODEL, alias, version)
        else:
            client.delete_registered_model_alias(MODEL, alias)
    told = [_tell(alias, aliases.get(alias), version) for alias, version in wrong.items()]
    return told + _note(client, model, entries)


def offer(client: MlflowClient, version: str, entries: Sequence[Entry]) -> None:
    """Point `candidate` at a version that was never promoted, unless a newer one asks already."""
    asking = client.get_registered_model(MODEL).aliases.get("candidate")
    if version not in promoted(entries) and (asking is None or int(asking) < int(version)):
        client.set_registered_model_alias(MODEL, "candidate", version)


def promoted(entries: Sequence[Entry]) -> set[str]:
    return {entry.version for entry in entries if entry.kind == "promotion"}


def _note(client: MlflowClient, model: RegisteredModel, entries: Sequence[Entry]) -> list[str]:
    """Move the head on to the newest entry; a ledger of before there were heads gets one, which is no mending."""
    number, _ = read_head(model)
    if len(entries) <= number:
        return []
    client.set_registered_model_tag(MODEL, HEAD, f"{len(entries)} {entries[-1].hash}")
    return [f"the head was entry {number}, and is entry {len(entries)}"] if number else []


def _tell(alias: str, was: str | None, now: str | None) -> str:
    def named(version: str | None) -> str:
        return f"version {version}" if version else "none"

    return f"{alias} was {named(was)}, and is {named(now)}"
