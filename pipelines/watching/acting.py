"""What follows from a proven regression: the champion before serves again, once, and then nothing for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.ledger.entries import Entry
from pipelines.promotion.by_hand import unfinished
from pipelines.promotion.rolling_back import roll_back
from pipelines.watching.days import kept_day
from pipelines.watching.rollbacks import ACTOR, day_of, own_rollbacks, reason_of

PATIENCE_SECONDS = 600.0
"""An update may be publishing: so long a rollback waits for it."""


def act(finding: dict[str, Any], context: Context) -> dict[str, Any]:
    """Roll back where `finding` proves a regression; gives `rolled_back` and why, or why not.

    `held`: a regression is proven, and what regressed serves still. A champion is rolled back once: what a watch that
    was cut off had begun is found in the ledger and finished first, whatever day it was of.
    """
    kept, day = kept_day(finding["day"], context), finding["day"]
    known = kept.read("action")
    if known is not None and known["rolled_back"]:
        return known
    _finish(context)
    done = own_rollbacks(context).get(day)
    hindrance = None if done else _hindrance(finding, context)
    if hindrance is not None:
        champion = registry.champion(context)
        serves = champion is not None and champion.version == finding["champion"]
        held = serves and finding["finding"] == "REGRESSED"
        return kept.write("action", {"day": day, "rolled_back": False, "held": held, "reason": hindrance})
    told = _told(done) if done else _roll_back(finding, context)
    return kept.write("action", {"day": day, "rolled_back": True, "held": False, **told})


def _finish(context: Context) -> None:
    entry = unfinished(context, "rollback", None)
    if entry is not None and entry.actor == ACTOR:
        done = roll_back(_as_watch(context), reason=entry.reason, to=entry.version, wait_seconds=PATIENCE_SECONDS)
        kept, told = kept_day(day_of(entry), context), _told(entry) | {"proof": done["proof"]}
        kept.write("action", {"day": kept.name, "rolled_back": True, "held": False, **told})


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
    for other in own_rollbacks(context):
        if abs(date.fromisoformat(day) - date.fromisoformat(other)) < wait:
            return (
                f"a regression is proven, but the watch rolled back for {other}, and watch.cool_off asks for"
                f' {wait.days} days between; to undo by hand: tidegraph rollback --reason "..."'
            )
    return None


def _roll_back(finding: dict[str, Any], context: Context) -> dict[str, Any]:
    reason = reason_of(finding["day"], finding["reason"])
    undone = roll_back(
        _as_watch(context),
        reason=reason,
        to=finding["reference"],
        expected=finding["champion"],
        wait_seconds=PATIENCE_SECONDS,
    )
    return {"reason": reason, "from": undone["from"], "to": undone["to"], "proof": undone["proof"]}


def _told(entry: Entry) -> dict[str, Any]:
    return {"reason": entry.reason, "from": entry.base_version, "to": entry.version, "proof": "it was finished before"}


def _as_watch(context: Context) -> Context:
    return replace(context, settings=replace(context.settings, actor=ACTOR))
