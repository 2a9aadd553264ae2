"""Which promoted version was learned anew last: what incremental updates since then have to stay close to."""

from __future__ import annotations

from pipelines import registry
from pipelines.context import Context
from pipelines.ledger.book import Ledger, standing_promotions
from pipelines.tracking import open_client


def last_full_fit(context: Context, before: str) -> str | None:
    """The newest standing promotion of a window before `before` that was learned in full; None where there is none."""
    client = open_client(context)
    for entry in reversed(standing_promotions(Ledger(context.settings.ledger_url).entries())):
        tags = client.get_model_version(registry.MODEL, entry.version).tags if entry.window < before else {}
        if tags.get("mode") == "full":
            return entry.version
    return None


def window_of(version: str, context: Context) -> str | None:
    """The window that registered `version`; None where its tags do not say."""
    return open_client(context).get_model_version(registry.MODEL, version).tags.get("window")
