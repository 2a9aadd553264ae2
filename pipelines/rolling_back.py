"""Undo: the previous champion serves again, and its lists are published in place of the newer ones."""

from __future__ import annotations

from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.locks import hold
from pipelines.publishing import newest_published, publish_lists
from pipelines.served import load_served


def roll_back(context: Context, *, reason: str) -> dict[str, Any]:
    """Roll back, publish the restored version's lists and ask what serves; gives `from`, `to`, `reason`."""
    with hold(context.path("locks"), "rollback"):
        registry.sync_aliases(context)
        before = registry.champion(context)
        registry.rollback(context, reason=reason, actor=context.settings.actor)
        restored = registry.champion(context)
        serving = load_served(context).version
        if before is None or restored is None or serving != restored.version:
            raise RegistryError(
                f"the rollback is in the ledger, but version {serving} still answers",
                where="model registry",
                mend="run `tidegraph status`; any command mends the aliases after the ledger",
            )
        published = newest_published(context)
        if published is not None:
            publish_lists(context, restored.version, published["window"])
    return {"from": before.version, "to": restored.version, "reason": reason}
