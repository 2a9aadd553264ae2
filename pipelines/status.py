"""Status: what serves, what it stands on, and whether the record holds."""

from __future__ import annotations

from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.files import read_json
from pipelines.graphs.files import read_manifest
from pipelines.ledger.check import check_ledger
from pipelines.ledger.rules import tell_freeze
from pipelines.quarantine.refused import REPLAYED, read_repaired
from pipelines.snapshots.data_registry import open_data_registry


def read_status(context: Context) -> dict[str, Any]:
    """What `status --json` shows: null stands for what there is not (yet).

    `aliases_mended` tells what MLflow's aliases said otherwise than the ledger until now, after a crash between them.
    """
    check = check_ledger(context)
    mended = registry.sync_aliases(context) if check.holds else []
    champion, previous = registry.champion(context), registry.previous(context)
    freeze = registry.freeze_now(context) if check.holds else None
    return {
        "champion": champion.to_dict() if champion else None,
        "previous": previous.to_dict() if previous else None,
        "graph": _graph(context),
        "snapshots": open_data_registry(context).tags(),
        "quarantined": _quarantined(context),
        "frozen": tell_freeze(freeze) if freeze else None,
        "aliases_mended": mended,
        "ledger_ok": check.holds,
        "ledger_broken_at": check.broken_at,
        "ledger_reason": check.reason,
    }


def _graph(context: Context) -> dict[str, Any] | None:
    folders = sorted(context.path("graphs").glob("*/end"))
    if not folders:
        return None
    manifest = read_manifest(folders[-1])
    edges = manifest["edges"] if manifest["schema"] == 1 else manifest["about"]["edges"]
    return {"window": folders[-1].parent.name, "nodes": manifest["nodes"], "edges": edges, "hash": manifest["hash"]}


def _quarantined(context: Context) -> int:
    """Refused event rows over all validated windows, but for those that were mended and have rejoined."""
    results = context.path("validation").glob("*.json")
    rejoined = (read_repaired(path.name, context)[REPLAYED].notna().sum() for path in context.path("repairs").glob("*"))
    return int(sum(read_json(path)["quarantined"]["events"] for path in results) - sum(rejoined))
