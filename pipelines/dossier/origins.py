"""The data's quality, and what the update cost."""

from __future__ import annotations

from typing import Any

from pipelines.dossier.material import Material

DOCS = "validation/docs"
"""Data Docs, below TIDEGRAPH_HOME."""


def tell_data(material: Material) -> dict[str, Any]:
    """`windows`: rows collected, accepted and quarantined by table, the broken promises, warnings, late events; and
    where the Data Docs lie."""
    found = material.result("validate").get("windows") or {}
    rows = [
        {
            "window": name,
            "collected": each.get("collected") or {},
            "accepted": each.get("accepted") or {},
            "quarantined": each.get("quarantined") or {},
            "reasons": each.get("reasons") or {},
            "warnings": each.get("warnings") or [],
            "late": each.get("late") or {},
        }
        for name, each in found.items()
    ]
    note = None if rows else "This update recorded no validation."
    total = {name: sum(row[name].get("events") or 0 for row in rows) for name in ("accepted", "quarantined")}
    return {
        "note": note,
        "windows": rows,
        "events": total,
        "docs": f"{DOCS}/index.html",
        "docs_of_window": f"{DOCS}/{material.window}",
    }


def tell_cost(material: Material) -> dict[str, Any]:
    """Seconds of each step but the report, which is not done while it is told; and what was learned on."""
    rows = [
        {"step": step, "cpu_seconds": record["cpu_seconds"], "wall_seconds": record["wall_seconds"]}
        for step, record in material.records.items()
    ]
    total = {name: sum(row[name] for row in rows) for name in ("cpu_seconds", "wall_seconds")}
    return {"rows": rows, **total, "device": material.result("fit").get("device")}
