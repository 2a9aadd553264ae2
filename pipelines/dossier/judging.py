"""Every rule with its numbers, how the candidate behaves, what it remembers, and whose lists changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from models.shadow import ShadowLoss, in_words
from models.verdict import RuleResult
from pipelines.dossier.comparing import FIRST
from pipelines.dossier.material import Material
from pipelines.dossier.outcome import NOTHING_JUDGED

_DECISIVE = ("FAIL", "INCONCLUSIVE", "PASS", "LEFT_OUT", "REPORTED")
_LOSS = [field.name for field in fields(ShadowLoss)]
_KEYS = [field.name for field in fields(RuleResult)]


def tell_rules(material: Material) -> dict[str, Any]:
    """`rows`: all that `models.verdict.RuleResult` holds, what decided first; `counts` by outcome."""
    rows = [_whole(rule) for rule in material.verdict.get("rules") or []]
    rows.sort(key=lambda rule: (rule["severity"] == "warning", _place(rule["outcome"])))
    counts = {outcome: sum(rule["outcome"] == outcome for rule in rows) for outcome in _DECISIVE}
    return {"note": None if rows else NOTHING_JUDGED, "rows": rows, "counts": counts}


def tell_checks(material: Material) -> dict[str, Any]:
    """`rows`: what was asked of the candidate's behaviour."""
    rows = [_whole(check) for check in material.result("evaluate").get("checks") or []]
    return {"note": None if rows else "No behaviour was checked in this update.", "rows": rows}


def tell_memory(material: Material) -> dict[str, Any]:
    """`rows` by cohort: NDCG of the candidate, of the first model that knew it, of the best since, and what is lost."""
    evaluated = material.result("evaluate")
    told = material.memory if evaluated.get("metrics") else None
    rows = [{"cohort": window, **each, **_lost(each)} for window, each in sorted((told or {}).items())]
    note = None
    if not rows:
        note = (
            NOTHING_JUDGED if not evaluated.get("metrics") else "There is no past window yet that could be forgotten."
        )
    numbers = (evaluated.get("numbers") or {}).get("candidate", {})
    wanted = ("forgetting", "backward_transfer")
    return {"note": note, "rows": rows} | {name: numbers.get(name) if rows else None for name in wanted}


def tell_shadow(material: Material) -> dict[str, Any]:
    """What the candidate loses against a full fit made beside it, as `models.shadow.ShadowLoss`, what that cost in CPU
    seconds, and `happened` in a sentence; `asked`: whether such fits are scheduled at all."""
    planned = material.result("plan").get("shadow")
    fit, evaluated = material.result("fit"), material.result("evaluate")
    found = evaluated.get("shadow") or fit.get("shadow") or {}
    numbers = {name: found.get(name) for name in _LOSS}
    seconds = [each["aside"]["cpu_seconds"] for each in (fit, evaluated) if "aside" in each]
    told = {"asked": planned is not None, **numbers, "cpu_seconds": sum(seconds) if seconds else None}
    if numbers["loss"] is not None or "failed" in found:
        return {"note": None, **told, "happened": in_words(found)}
    why = planned["reason"] if planned else "none are scheduled for this update"
    return {"note": f"No shadow full retrain was made: {why}.", **told, "happened": None}


def tell_changes(material: Material) -> dict[str, Any]:
    """Whose lists changed, as `pipelines.judging.list_changes.tell_changes` has it."""
    found = material.result("evaluate").get("changes")
    if found:
        return {"note": None, **found}
    if not material.verdict:
        return {"note": NOTHING_JUDGED}
    return {"note": FIRST if material.base is None else "This update did not record whose lists changed."}


def _lost(each: Mapping[str, float | None]) -> dict[str, float | None]:
    now, first, best = (each.get(name) for name in ("ndcg", "first", "best"))
    if now is None or first is None or best is None:
        return {"forgotten": None, "gained": None}
    return {"forgotten": best - now, "gained": now - first}


def _whole(rule: dict[str, Any]) -> dict[str, Any]:
    """Records of before a key was told have None for it."""
    return {key: rule.get(key) for key in _KEYS} | {"severity": rule.get("severity") or "blocking"}


def _place(outcome: str | None) -> int:
    return _DECISIVE.index(outcome) if outcome in _DECISIVE else len(_DECISIVE)
