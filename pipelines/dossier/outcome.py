"""What came of an update: the verdict, the reason that decided it, and what happened then."""

from __future__ import annotations

from typing import Any

from models.gates.wording import metric_name, signed
from pipelines.dossier.material import Material

NOTHING_JUDGED = "Nothing was judged in this update."


def tell_outcome(material: Material) -> dict[str, Any]:
    """`outcome` (SKIPPED where nothing was judged), `what` happened in a word, `happened` in a sentence, the `reason`
    that decided, `warnings`, and the `lift`."""
    verdict = material.verdict
    what, happened = _happened(material)
    reasons = verdict.get("reasons") or []
    return {
        "outcome": verdict.get("outcome") or "SKIPPED",
        "what": what,
        "happened": happened,
        "reason": reasons[0] if reasons else material.result("plan").get("reason") or NOTHING_JUDGED,
        "warnings": list(verdict.get("warnings") or []),
        "lift": lift_of(material),
        "version": material.result("promote").get("version"),
        "base_version": material.base,
    }


def lift_of(material: Material) -> dict[str, Any] | None:
    """Candidate − champion in the main metric on all items: `value`, and bounds where a rule has them; None where there
    is no champion."""
    means = material.result("evaluate").get("metrics") or {}
    two = [means.get(model, {}).get("all", {}).get(material.ndcg) for model in ("candidate", "champion")]
    if None in two:
        return None
    rule = champion_rule(material, material.ndcg, "all") or {}
    return {
        "metric": material.ndcg,
        "candidate": two[0],
        "champion": two[1],
        "value": two[0] - two[1],
        "lower": rule.get("lower"),
        "upper": rule.get("upper"),
        "n_users": rule.get("n_users"),
    }


def lift_in_words(lift: dict[str, Any]) -> str:
    """For example `NDCG@20 +0.0005 (−0.0012 to +0.0022)`."""
    if lift["value"] is None:
        return f"{metric_name(lift['metric'])} is no number"
    told = f"{metric_name(lift['metric'])} {signed(lift['value'])}"
    if lift["lower"] is None or lift["upper"] is None:
        return told
    return f"{told} ({signed(lift['lower'])} to {signed(lift['upper'])})"


def champion_rule(material: Material, metric: str, slice_name: str) -> dict[str, Any] | None:
    """What the rule against the champion found of a metric on a slice; None where no rule asks."""
    for rule in material.verdict.get("rules") or []:
        asked = (rule.get("rival"), rule.get("metric"), rule.get("slice"))
        if asked == ("champion", metric, slice_name) and rule.get("name", "champion").startswith("champion"):
            found: dict[str, Any] = rule
            return found
    return None


def _happened(material: Material) -> tuple[str, str]:
    plan, promote = material.result("plan"), material.result("promote")
    version, base = promote.get("version"), material.base
    keeps = f"version {base} keeps serving" if base else "nothing serves yet"
    if plan.get("mode") == "skip":
        return "skipped", f"Nothing was learned: {plan.get('reason')}."
    if material.dry_run:
        return "dry run", f"Nothing was registered, promoted or published: this was a dry run; {keeps}."
    if material.verdict and "promote" not in material.records:
        return "open", f"Nothing is decided yet: a person is asked; until then {keeps}."
    if promote.get("promoted"):
        return _promoted(material, version, base)
    why = str(promote.get("reason") or "")
    if promote.get("held_for_person"):
        return "held", f"Version {version} was not promoted, {why}; {keeps}."
    if material.verdict.get("outcome") == "PASS":
        what = "frozen" if "freeze" in why or "frozen" in why else "not promoted"
        return what, f"Version {version} was not promoted, though it passed: {why}; {keeps}."
    if version is None:
        return "not registered", f"No version was registered; {keeps}."
    return "refused", f"Version {version} was refused: it is registered and does not serve; {keeps}."


def _promoted(material: Material, version: str | None, base: str | None) -> tuple[str, str]:
    undone = material.result("publish").get("rolled_back")
    if undone:
        return "rolled back", f"Version {version} was promoted and rolled back at once: {undone}."
    instead = f", in place of version {base}" if base else ", the first version"
    by = material.result("promote").get("approved_by")
    approved = f" Approved by {by}: {material.result('promote').get('reason')}" if by else ""
    return "promoted", f"Promoted: version {version} serves{instead}.{approved}"
