"""A short model card: facts from the records, by heading (Mitchell et al. 2019, model cards)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipelines.dossier.material import Material


def tell_card(material: Material) -> list[dict[str, Any]]:
    """`heading` and `facts`, a sentence each; a heading without facts is left out."""
    facts = {
        "What it is": _what(material),
        "Learned from": _learned_from(material),
        "Judged on": _judged_on(material),
        "Meant for": _meant_for(material),
        "Not judged on": _not_judged(material),
        "Known limits": _limits(material),
    }
    return [{"heading": heading, "facts": told} for heading, told in facts.items() if told]


def _what(material: Material) -> list[str]:
    fit = material.params.get("fit", {})
    size = _candidate(material).get("size_mb")
    told = ["A recommender that ranks all items for a user from the interest graph: channels, and a gate over them."]
    if "factors" in fit:
        told.append(
            f"Embeddings of {fit['factors']} numbers for each user and item; learned with seed {fit.get('seed')}."
        )
    if size is not None:
        told.append(f"Its state takes {size:,.1f} MB.")
    return told


def _learned_from(material: Material) -> list[str]:
    plan = material.result("plan")
    mode = plan.get("mode")
    if mode in (None, "skip"):
        return []
    span = material.windows[0]
    if len(material.windows) > 1:
        span = f"{span} to {material.windows[-1]} ({len(material.windows)} windows)"
    told = [f"Mode {mode}, window {span}, events before {_moment(plan.get('cut'))}."]
    if mode != "full" and material.base:
        told.append(f"It starts from version {material.base}, and knows what that one had learned.")
    return told


def _judged_on(material: Material) -> list[str]:
    users = max((rule.get("n_users") or 0 for rule in material.verdict.get("rules") or []), default=0)
    if not users:
        return []
    span = f"{_moment(material.result('plan').get('cut'))} and {_moment(material.window_end)}"
    return [f"What {users:,} users bought between {span}; all items were ranked for each."]


def _meant_for(material: Material) -> list[str]:
    k = material.params.get("publish", {}).get("k")
    told = [f"Lists of {k} items for the users of the shop whose events it learned from."] if k else []
    published = material.result("publish")
    if "users" in published:
        told.append(f"Version {published.get('version')}'s lists were published for {published['users']:,} users.")
    return told


def _not_judged(material: Material) -> list[str]:
    if not material.verdict:
        return ["Anything: nothing was judged in this update."]
    rules = material.verdict.get("rules") or []
    reported = [rule for rule in rules if rule.get("outcome") == "REPORTED"]
    few = [f"{rule.get('slice') or rule['name']} ({rule.get('n_users')})" for rule in reported]
    missing = [rule["reason"] for rule in rules if rule.get("outcome") == "LEFT_OUT" and rule.get("reason")]
    told = [f"Slices with too few users: {', '.join(dict.fromkeys(few))}."] if few else []
    absent = _absent_families(material)
    if absent:
        told.append(f"Slices by {', '.join(absent)}: this window has none.")
    told += [f"Rules left out: {reason}." for reason in dict.fromkeys(missing)]
    told.append(
        "Users who bought nothing in the hold-out, and what people would have done with other lists before them."
    )
    return told


def _absent_families(material: Material) -> list[str]:
    slices = (material.result("evaluate").get("slices") or {}).get("candidate")
    if slices is None:
        return []
    there = {name.partition("/")[0] for name in slices}
    return [family for family in material.params.get("evaluate", {}).get("slices", []) if family not in there]


def _limits(material: Material) -> list[str]:
    told = []
    means = (material.result("evaluate").get("metrics") or {}).get("candidate", {})
    both = [means.get(part, {}).get(material.ndcg) for part in ("all", "new")]
    if None not in both:
        told.append(f"NDCG@{material.k} is {both[0]:.4f} over all items, and {both[1]:.4f} over items new to the user.")
    effect = _smallest_effect(material)
    if effect is not None:
        told.append(
            f"A difference from the champion below {effect:.4f} is shown by so many users less than 4 times in 5."
        )
    without = material.result("publish").get("without_list")
    if without:
        told.append(f"{without:,} users got no list; why is in skipped.parquet beside the lists.")
    latency = _candidate(material).get("latency_ms")
    if latency is not None:
        told.append(f"Ranking all items took {latency:.1f} ms of CPU time a user, on the machine of this run.")
    return told


def _smallest_effect(material: Material) -> float | None:
    for rule in material.verdict.get("rules") or []:
        if (rule.get("rival"), rule.get("metric"), rule.get("slice")) == ("champion", material.ndcg, "all"):
            found: float | None = rule.get("smallest_effect")
            return found
    return None


def _moment(iso: str | None) -> str:
    return datetime.fromisoformat(iso).strftime("%Y-%m-%d %H:%M UTC") if iso else "an unknown instant"


def _candidate(material: Material) -> dict[str, float]:
    found: dict[str, float] = (material.result("evaluate").get("numbers") or {}).get("candidate", {})
    return found
