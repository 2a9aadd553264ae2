"""What serves: the champion's weights over a graph, ready to be asked."""

from __future__ import annotations

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.serving.loaded import Served, load_folder


def load_served(context: Context) -> Served:
    """The champion over the graph its version ships with; RegistryError when there is no champion yet."""
    registry.sync_aliases(context)
    champion = registry.champion(context)
    if champion is None:
        raise RegistryError(
            "there is no champion yet",
            where=f"ledger {context.settings.ledger_url}",
            mend="run `tidegraph bootstrap --until <window>` first: it makes one of all windows before the one named",
        )
    return load_version(context, champion.version)


def load_version(context: Context, version: str) -> Served:
    """A version over the graph it ships with."""
    return load_folder(registry.model_folder(context, version), version)
