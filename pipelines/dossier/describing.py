"""What the registry says of a version, in a few lines of Markdown."""

from __future__ import annotations

import re
from typing import Any

from pipelines import registry, tracking
from pipelines.context import Context
from pipelines.dossier.outcome import lift_in_words


def describe_version(context: Context, told: dict[str, Any]) -> None:
    """Set the version's description; an update that registered none has nothing to describe."""
    version = told["verdict"]["version"]
    if version is not None:
        tracking.open_client(context).update_model_version(registry.MODEL, version, description=version_in_words(told))


def version_in_words(told: dict[str, Any]) -> str:
    """Verdict, lift, window and mode, why, and where the dossier lies."""
    verdict = told["verdict"]
    lift = f"{lift_in_words(verdict['lift'])} against the champion" if verdict["lift"] else "the first of its kind"
    mode = plain(str(told["mode"]))
    lines = [
        f"**{verdict['outcome']}, {verdict['what']}**: {lift}; window {told['window']}, mode {mode}.",
        plain(verdict["reason"]),
        *(f"Warning: {plain(warning)}" for warning in verdict["warnings"]),
        f"More in `dossier.html` among the artifacts of run {told['lineage']['mlflow_run']}.",
    ]
    return "\n\n".join(lines)


def plain(text: str) -> str:
    """`text` so that Markdown takes nothing in it for markup."""
    escaped = re.sub(r"([\\`*_{}\[\]()#|!~])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
