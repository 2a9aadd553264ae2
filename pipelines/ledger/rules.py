"""What the ledger's entries come to, and what may follow them: decided by the entries and an instant alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.ledger.entries import Draft, Entry


@dataclass(frozen=True)
class Objection:
    """Why a draft may not be entered, and how to mend it."""

    what: str
    mend: str


def standing_promotions(entries: Sequence[Entry]) -> list[Entry]:
    """The promotions not undone, oldest first: the last is the champion's, the one before it the previous's."""
    return _replay(entries)[0]


def rolled_back(entries: Sequence[Entry]) -> set[str]:
    """The versions that a rollback took out of service."""
    return _replay(entries)[1]


def _replay(entries: Sequence[Entry]) -> tuple[list[Entry], set[str]]:
    standing: list[Entry] = []
    undone: set[str] = set()
    for entry in entries:
        if entry.kind == "promotion":
            standing.append(entry)
        elif entry.kind == "rollback":
            undone |= _undo(standing, entry.version)
    return standing, undone


def _undo(standing: list[Entry], version: str) -> set[str]:
    """Take promotions off until the last is of `version`: one at least, since the champion was replaced."""
    undone = set()
    while standing:
        undone.add(standing.pop().version)
        if standing and standing[-1].version == version:
            break
    return undone


def serving_at(entries: Sequence[Entry], instant: datetime) -> Entry | None:
    """The promotion of the version that served at an aware `instant`; None before the first."""
    standing = standing_promotions([entry for entry in entries if datetime.fromisoformat(entry.at) <= instant])
    return standing[-1] if standing else None


def frozen(entries: Sequence[Entry], now: datetime) -> Entry | None:
    """The freeze that holds at `now`: the newest one, unless it was lifted or has ended."""
    acts = [entry for entry in entries if entry.kind in ("freeze", "thaw")]
    if not acts or acts[-1].kind == "thaw":
        return None
    until = acts[-1].until
    return None if until is not None and datetime.fromisoformat(until) <= now else acts[-1]


def tell_freeze(freeze: Entry) -> dict[str, Any]:
    return {"reason": freeze.reason, "by": freeze.actor, "since": freeze.at, "until": freeze.until}


def last_by_update(entries: Sequence[Entry]) -> Entry | None:
    """The newest promotion that an update made, undone or not."""
    made = [entry for entry in entries if entry.kind == "promotion" and not entry.by_hand]
    return made[-1] if made else None


def object_to(draft: Draft, entries: Sequence[Entry], now: datetime, *, forced: bool) -> Objection | None:
    """What forbids `draft` to follow `entries` at `now`, the gravest first; None where nothing does."""
    if draft.kind == "freeze":
        return None
    if draft.kind == "thaw":
        return None if frozen(entries, now) else Objection("promotions are not frozen", "there is nothing to lift")
    changed = _changed_champion(draft, entries)
    if changed or draft.kind == "rollback":
        return changed
    return _frozen(draft, entries, now) or _older_cut(draft, entries) or _undone_before(draft, entries, forced)


def _changed_champion(draft: Draft, entries: Sequence[Entry]) -> Objection | None:
    standing = standing_promotions(entries)
    serving = standing[-1].version if standing else None
    if serving == draft.previous_version:
        return None
    since = entries[-1].at if entries else "the start"
    return Objection(
        f"the champion changed since version {draft.version} was judged: {_name(draft.previous_version)} then, "
        f"{_name(serving)} since {since}",
        "run the update, or the command, again: it goes by the champion of now",
    )


def _frozen(draft: Draft, entries: Sequence[Entry], now: datetime) -> Objection | None:
    freeze = frozen(entries, now)
    if freeze is None:
        return None
    until = f" until {freeze.until}" if freeze.until else ""
    return Objection(
        f"promotions are frozen{until} by {freeze.actor}, since {freeze.at}: {freeze.reason}",
        'lift it first: tidegraph freeze --lift --reason "..."; '
        f'then promote by hand: tidegraph promote {draft.version} --reason "..."',
    )


def _older_cut(draft: Draft, entries: Sequence[Entry]) -> Objection | None:
    standing = standing_promotions(entries)
    if not standing or datetime.fromisoformat(draft.data_cut) >= datetime.fromisoformat(standing[-1].data_cut):
        return None
    return Objection(
        f"version {draft.version} learnt until {draft.data_cut}, before the champion's cut {standing[-1].data_cut}",
        "update a later window; to serve an older version, roll back",
    )


def _undone_before(draft: Draft, entries: Sequence[Entry], forced: bool) -> Objection | None:
    if draft.version not in rolled_back(entries) or (forced and draft.reason):
        return None
    return Objection(
        f"version {draft.version} was rolled back and is not promoted again by an update",
        f'promote it by hand: tidegraph promote {draft.version} --reason "..."; or update a later window',
    )


def end_of(day: str) -> datetime:
    """The end of a UTC day given as an ISO date, or the very instant that an ISO date and time names."""
    found = datetime.fromisoformat(day)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found + timedelta(days=1) if len(day) == len("2017-10-08") else found.astimezone(UTC)


def _name(version: str | None) -> str:
    return f"version {version}" if version else "none"
