"""A graph, a user and a difference as plain content (for JSON) and in words."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from features.difference import Change, compare, group_changes, user_changes
from features.ego import KINDS, interests
from features.graph import InterestGraph
from features.stats import graph_stats
from pipelines.graph_views.finding import Found


def tell_stats(found: Found) -> dict[str, Any]:
    """What `graph stats` prints; `bytes` are those the graph's files have, shared with its parent or not."""
    manifest = found.manifest
    return {
        "window": found.window,
        "at": found.place,
        "as_of": moment(manifest["as_of"]),
        "hash": manifest["hash"],
        "parent": manifest.get("about", {}).get("parent"),
        "bytes": sum(path.stat().st_size for path in found.folder.rglob("*") if path.is_file()),
        **graph_stats(found.open()),
    }


def tell_user(graph: InterestGraph, user_id: str, *, k: int) -> dict[str, Any]:
    """The user's `k` heaviest interests of each kind."""
    told = {
        kind: [
            asdict(each)
            | {
                "first_at": moment(each.first_at),
                "last_at": moment(each.last_at),
                "mean_gap_days": each.mean_gap_days,
            }
            for each in interests(graph, user_id, kind)[:k]
        ]
        for kind in KINDS
    }
    return {"user_id": user_id, "as_of": moment(graph.as_of), "interests": told}


def tell_difference(before: InterestGraph, after: InterestGraph, *, user_id: str | None = None) -> dict[str, Any]:
    """Totals and what each category gained or lost; of a user, what became of each interest in a category."""
    told: dict[str, Any] = {
        "from": moment(before.as_of),
        "to": moment(after.as_of),
        "total": compare(before, after).to_dict(),
        "categories": group_changes(before, after),
    }
    if user_id is not None:
        told["user"] = {
            "user_id": user_id,
            "changes": [
                asdict(each) | {"words": change_in_words(each)} for each in user_changes(before, after, user_id)
            ],
        }
    return told


def difference_in_words(told: dict[str, Any], *, most: int = 8) -> list[str]:
    """Lines: the totals, the categories that gained and lost most, and a user's changes; `most` of each are named."""
    totals = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in told["total"].items())
    lines = [f"from {told['from']} to {told['to']}: {totals}"]
    ranked = sorted(told["categories"].items(), key=lambda each: (-each[1], each[0]))
    for word, part in (("gained", [e for e in ranked if e[1] > 0]), ("lost", [e for e in ranked if e[1] < 0][::-1])):
        if part:
            lines.append(f"{word} most: " + ", ".join(f"{name} {gain:+,.2f}" for name, gain in part[:most]))
    if "user" in told:
        words = [each["words"] for each in told["user"]["changes"]]
        changes = words[:most] + ([f"and {len(words) - most:,} more"] if len(words) > most else [])
        lines.append(f"user {told['user']['user_id']}: {'; '.join(changes) if changes else 'nothing changed'}")
    return lines


def change_in_words(change: Change) -> str:
    """For example `coffee 0.41 → 0.63, 3 purchases`, or `baby care expired`."""
    if change.happened == "expired":
        return f"{change.name} expired (was {change.before:.2f})"
    start = "born at" if change.happened == "born" else f"{change.before:.2f} →"
    return ", ".join([f"{change.name} {start} {change.after:.2f}", *events_in_words(change.events)])


def events_in_words(counts: dict[str, int]) -> list[str]:
    """For example `3 purchases`, `1 search`; a number below nought says that events were taken out."""
    return [f"{n:,} {event if abs(n) == 1 else _plural(event)}" for event, n in counts.items()]


def moment(micros: int) -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).isoformat()


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith(("ch", "sh", "s")) else f"{word}s"
