"""What follows from a proven regression: the champion before serves again, once, and then nothing for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.ledger_entries import Entry
from pipelines.promoting import finish, unfinished
from pipelines.rolling_back import roll_back
from pipelines.watching.days import kept_day, kept_days

ACTOR = "watch"
"""Who the ledger says rolled back."""


def act(finding: dict[str, Any], context: Context) -> dict[str, Any]:
    """Roll back where `finding` proves a regression; gives `rolled_back` and why, or why not.

    A champion is rolled back once: what a killed watch began is found in the ledger and finished.
    """
    kept = kept_day(finding["day"], context)
    known = kept.read("action")
    if known is not None and known["rolled_back"]:
        return known
    reason = f"the watch of {finding['day']}: {finding['reason']}"
    done = _begun(reason, context)
    hindrance = None if done else _hindrance(finding, context)
    told: dict[str, Any] = {"day": finding["day"], "rolled_back": hindrance is None, "reason": hindrance or reason}
    if hindrance is None:
        told |= _roll_back(done, finding, reason, context)
    return kept.write("action", told)


def _hindrance(finding: dict[str, Any], context: Context) -> str | None:
    if finding["finding"] != "REGRESSED":
        return f"nothing to undo: {finding['reason']}"
    champion, previous = registry.champion(context), registry.previous(context)
    if champion is None or champion.version != finding["champion"]:
        serving = f"version {champion.version}" if champion else "none"
        return f"version {finding['champion']} regressed, and does not serve any more: {serving} does"
    if previous is None or previous.version != finding["reference"]:
        return f"version {finding['reference']}, which it was held against, is not the one before it any more"
    return _cooling_off(finding["day"], context)


def _cooling_off(day: str, context: Context) -> str | None:
    wait = context.params.watch.cool_off
    for kept in kept_days(context, until=day):
        action = kept.read("action") or {}
        since = date.fromisoformat(day) - date.fromisoformat(kept.name)
        if since >= wait:
            break
        if action.get("rolled_back"):
            return (
                f"a regression is proven, but the watch rolled back on {kept.name}, and watch.cool_off asks for"
                f' {wait.days} days between; to undo by hand: tidegraph rollback --reason "..."'
            )
    return None


def _begun(reason: str, context: Context) -> Entry | None:
    """The rollback of this finding, where the ledger has it already."""
    found = [each for each in registry.entries(context) if each.kind == "rollback" and each.reason == reason]
    return found[-1] if found else None


def _roll_back(done: Entry | None, finding: dict[str, Any], reason: str, context: Context) -> dict[str, Any]:
    if done is None:
        acting = replace(context, settings=replace(context.settings, actor=ACTOR))
        undone = roll_back(acting, reason=reason, to=finding["reference"])
        return {"from": undone["from"], "to": undone["to"], "proof": undone["proof"]}
    proof = finish(context, done) if unfinished(context, "rollback", done.version) else "finished before"
    return {"from": done.base_version, "to": done.version, "proof": proof}
