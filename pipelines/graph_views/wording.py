"""Changes, events and moments in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from features.categories import told_apart
from features.difference import Change

ERASED = "erased on request, and a new user since"


def difference_in_words(told: dict[str, Any], *, most: int = 8) -> list[str]:
    """Lines: the totals, the categories that gained and lost most, and a user's changes; `most` of each are named."""
    totals = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in told["total"].items())
    lines = [f"from {told['from']} to {told['to']}: {totals}"]
    ranked = sorted(told["categories"].items(), key=lambda each: (-each[1], each[0]))
    for word, part in (("gained", [e for e in ranked if e[1] > 0]), ("lost", [e for e in ranked if e[1] < 0][::-1])):
        if part:
            called = told_apart(name for name, _ in part[:most])
            lines.append(f"{word} most: " + ", ".join(f"{called[name]} {gain:+,.2f}" for name, gain in part[:most]))
    if "user" in told:
        user = told["user"]
        anew = f"{ERASED}: " if user["erased"] else ""
        said = anew + changes_in_words(user["changes"], most) if user["known"] else "erased on request"
        lines.append(f"user {told['user']['user_id']}: {said}")
    return lines


def changes_in_words(changes: Sequence[dict[str, Any]], most: int) -> str:
    """The first changes; what stayed as it was is not told."""
    words = [each["words"] for each in changes if each["happened"] != "kept"]
    more = [f"and {len(words) - most:,} more"] if len(words) > most else []
    return "; ".join([*words[:most], *more]) or "nothing changed"


def change_in_words(change: Change) -> str:
    """For example `coffee 0.41 → 0.63, 3 purchases`, or `baby care expired`."""
    if change.happened == "expired":
        return f"{change.label} expired (was {change.before:.2f})"
    start = "born at" if change.happened == "born" else f"{change.before:.2f} →"
    return ", ".join([f"{change.label} {start} {change.after:.2f}", *events_in_words(change.events)])


def events_in_words(counts: dict[str, int]) -> list[str]:
    """For example `3 purchases`, `1 search`; a number below nought says that events were taken out."""
    return [f"{n:,} {event if abs(n) == 1 else _plural(event)}" for event, n in counts.items()]


def moment(micros: int) -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).isoformat()


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith(("ch", "sh", "s")) else f"{word}s"
