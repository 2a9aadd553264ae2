"""The update's metrics and tags in MLflow, under names that sort well."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pipelines.dossier.judging import tell_shadow
from pipelines.dossier.material import Material
from pipelines.dossier.outcome import lift_of
from pipelines.dossier.telling import finite

_COSTS = ("collect", "validate", "snapshot", "refresh", "evaluate")
_LONGEST = 200
"""MLflow takes 250 characters for a whole name."""


def metrics_of(row: dict[str, Any], material: Material) -> dict[str, float]:
    """All single numbers of an update; what is no finite number is left out."""
    named = {
        **_gate(material),
        **_model(material),
        **_shadow(material),
        **_means(row),
        **_slices(material),
        **_costs(material),
        **_graph(material),
        "events/accepted": row["accepted"],
        "events/quarantined": row["quarantined"],
    }
    return {name: float(value) for name, value in finite(named).items() if value is not None}


def tags_of(row: dict[str, Any], material: Material, outcome: dict[str, Any]) -> dict[str, str]:
    """What the runs table shows of an update; `outcome` as `tell_outcome` has it."""
    lift = outcome["lift"]
    return {
        "window": material.window,
        "mode": str(material.result("plan").get("mode") or ""),
        "verdict": row["verdict"],
        "outcome": outcome["what"],
        "ndcg_lift": f"{lift['value']:+.4f}" if lift and lift["value"] is not None else "",
        "version": outcome["version"] or "",
    }


def names_for(slices: Iterable[str]) -> dict[str, str]:
    """A name that MLflow takes for each slice, such as `age_band/65_` for `age_band/65+`; no two share one."""
    found: dict[str, str] = {}
    for name in slices:
        parts = [re.sub(r"[^0-9A-Za-z_\-. :]", "_", part).strip() for part in name[:_LONGEST].split("/")]
        allowed = "/".join(part if part.strip(".") else "_" for part in parts)
        free, count = allowed, 1
        while free in found.values():
            count += 1
            free = f"{allowed}_{count}"
        found[name] = free
    return found


def _gate(material: Material) -> dict[str, Any]:
    lift = lift_of(material) or {}
    told = {"": lift.get("value"), "_lower": lift.get("lower"), "_upper": lift.get("upper")}
    return {f"gate/ndcg_lift{end}": value for end, value in told.items()}


def _model(material: Material) -> dict[str, Any]:
    numbers = (material.result("evaluate").get("numbers") or {}).get("candidate", {})
    return {f"model/{name}": value for name, value in numbers.items()}


def _shadow(material: Material) -> dict[str, Any]:
    told = tell_shadow(material)
    found = {f"shadow/{name}": told[name] for name in ("loss", "cpu_seconds")}
    return found | {f"shadow/loss_{name}": told[name] for name in ("lower", "upper")}


def _means(row: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{model}/{part}/{metric}": value
        for model, parts in row["metrics"].items()
        for part, metrics in parts.items()
        for metric, value in metrics.items()
    }


def _slices(material: Material) -> dict[str, Any]:
    slices = material.result("evaluate").get("slices") or {}
    return {
        f"slice/{name}/{model}": slices[model][known].get(material.ndcg)
        for model in ("candidate", "champion")
        for known, name in names_for(slices.get(model, {})).items()
    }


def _costs(material: Material) -> dict[str, Any]:
    told = {f"cost/{step}_cpu_seconds": material.records.get(step, {}).get("cpu_seconds") for step in _COSTS}
    fit = material.result("fit")
    return told | {f"cost/fit_{name}": fit.get(name) for name in ("cpu_seconds", "wall_seconds")}


def _graph(material: Material) -> dict[str, Any]:
    refresh = material.result("refresh")
    delta = {f"graph/{name}": value for name, value in (refresh.get("delta") or {}).items()}
    proof = refresh.get("proof")
    return delta | ({"graph/largest_weight_difference": proof["largest_weight_difference"]} if proof else {})
