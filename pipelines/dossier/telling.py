"""The whole dossier as plain content: for JSON, and for the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipelines.dossier.card import tell_card
from pipelines.dossier.comparing import tell_comparison, tell_slices
from pipelines.dossier.judging import tell_changes, tell_checks, tell_memory, tell_rules, tell_shadow
from pipelines.dossier.material import Material
from pipelines.dossier.origins import tell_cost, tell_data
from pipelines.dossier.outcome import tell_outcome

FORMAT = 1
"""Counts up when names in `dossier.json` change their meaning."""


def tell_dossier(material: Material) -> dict[str, Any]:
    """JSON values only, in the order in which a reviewer reads; numbers that are not finite become None.

    A part that is missing has a sentence as its `note`, and no rows.
    """
    material = replace(material, records=finite(material.records), memory=finite(material.memory))
    told: dict[str, Any] = finite(
        {
            "format": FORMAT,
            "window": material.window,
            "kind": material.kind,
            "mode": material.result("plan").get("mode"),
            "dry_run": material.dry_run,
            "k": material.k,
            "verdict": tell_outcome(material),
            "comparison": tell_comparison(material),
            "slices": tell_slices(material),
            "rules": tell_rules(material),
            "memory": tell_memory(material),
            "shadow": tell_shadow(material),
            "checks": tell_checks(material),
            "changes": tell_changes(material),
            "graph": _tell_graph(material),
            "data": tell_data(material),
            "lineage": material.lineage,
            "cost": tell_cost(material),
            "card": tell_card(material),
        }
    )
    return told


def finite(content: Any) -> Any:
    """The same content, with None for numbers that JSON does not know."""
    if isinstance(content, Mapping):
        return {str(name): finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _tell_graph(material: Material) -> dict[str, Any]:
    words = list(material.graph_words or [])
    delta = dict(material.result("refresh").get("delta") or {})
    note = None if words else "There is no graph of the window before to tell a difference from."
    return {"note": note, "words": words, "delta": delta, "proof": material.result("refresh").get("proof")}
