"""Undo: the previous champion serves again, and its lists are published in place of the newer ones."""

from __future__ import annotations

from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.ledger import Entry
from pipelines.locks import hold
from pipelines.publishing import newest_published, publish_lists
from pipelines.served import load_served


def roll_back(context: Context, *, reason: str) -> dict[str, Any]:
    """Roll back, publish the restored version's lists and ask what serves; gives `from`, `to`, `reason`.

    A rollback that was interrupted before its lists were out is finished; no second promotion is undone.
    """
    with hold(context.path("locks"), "rollback"):
        registry.sync_aliases(context)
        published = newest_published(context)
        entry = _unfinished(context, published) or registry.rollback(
            context, reason=reason, actor=context.settings.actor
        )
        serving = load_served(context).version
        if serving != entry.version:
            raise RegistryError(
                f"the rollback is in the ledger, but version {serving} still answers",
                where="model registry",
                mend="run `tidegraph status`; any command mends the aliases after the ledger",
            )
        if published is not None:
            publish_lists(context, entry.version, published["window"])
    return {"from": entry.base_version, "to": entry.version, "reason": entry.reason}


def _unfinished(context: Context, published: dict[str, Any] | None) -> Entry | None:
    """The ledger's newest entry where it is a rollback, and the lists are still those of the version it undid."""
    last = registry.last_entry(context)
    if last is None or published is None or last.kind != "rollback" or published["version"] != last.base_version:
        return None
    return last
