"""The ledger, and what changed the champion, in words."""

from __future__ import annotations

from typing import Any

from pipelines.ledger.entries import Entry


def tell_entry(entry: Entry) -> str:
    """When, what, who, and on a second line why."""
    what = f"{entry.kind} by hand" if entry.by_hand else entry.kind
    parts = [f"{what} by {entry.actor}"]
    if entry.version:
        before = _before(entry)
        parts += [f"version {entry.version}" + (f" after {before}" if before else ""), f"window {entry.window}"]
        parts += [f"verdict {entry.verdict}"]
    if entry.until:
        parts += [f"until {entry.until}"]
    return f"{entry.seq:>4}  {entry.at}  {', '.join(parts)}\n      {entry.reason}"


def tell_record(status: dict[str, Any]) -> list[str]:
    """What `status` says of freezes, aliases and ledger, a line each."""
    lines = [tell_frozen(status["frozen"])] if status["frozen"] else []
    lines += [f"aliases: mended after a command that was cut off: {what}" for what in status["aliases_mended"]]
    if status["ledger_ok"]:
        return [*lines, "ledger: holds"]
    mend = "restore the ledger from a backup; nothing is promoted or rolled back until then"
    return [*lines, f"ledger: BROKEN: {status['ledger_reason']}", f"  mend: {mend}"]


def tell_frozen(freeze: dict[str, Any]) -> str:
    until = f"until {freeze['until']}" if freeze["until"] else "until lifted"
    return f"promotions: frozen {until}, by {freeze['by']}: {freeze['reason']}"


def tell_promotion(done: dict[str, Any]) -> list[str]:
    """What a promotion by hand did, a line each."""
    judged = f"{done['verdict']}: {done['verdict_reason']}" if done["verdict_reason"] else done["verdict"]
    before = f"version {done['from']}" if done["from"] else "none"
    return [
        f"version {done['to']} serves (before: {before}); its lists are published",
        f"the gate had said: {judged}",
        f"the ledger keeps: {done['actor']}: {done['reason']}",
        f"asked: {done['proof']}",
    ]


def tell_rollback(done: dict[str, Any]) -> list[str]:
    return [
        f"version {done['to']} serves again (was {done['from']}); its lists are published",
        f"asked: {done['proof']}",
    ]


def _before(entry: Entry) -> str:
    return entry.previous_version or (entry.base_version if entry.format is None else None) or ""
