"""Undo: an earlier champion serves again, and its lists are published in place of the newer ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.ledger.entries import Entry
from pipelines.ledger.rules import end_of, serving_at, standing_promotions
from pipelines.locks import hold
from pipelines.promotion.by_hand import LOCK, finish, unfinished
from pipelines.promotion.freezing import check_reason


def roll_back(
    context: Context, *, reason: str, to: str | None = None, expected: str | None = None, wait_seconds: float = 0
) -> dict[str, Any]:
    """Let an earlier champion serve again, publish its lists and ask what serves.

    Gives `from`, `to`, `reason` and `proof`. `to` is a version, or a date (its end, UTC) or instant whose champion is
    meant; None: the one before. One entry undoes all promotions since. A rollback that was interrupted before its lists
    were out is finished; no second promotion is undone. Where the champion has to be `expected` and is another, nothing
    is undone. `wait_seconds`: how long others may change the champion before. Raises RegistryError where there is no
    such champion, and BusyError.
    """
    reason = check_reason(reason)
    with hold(context.path("locks"), LOCK, wait_seconds=wait_seconds):
        registry.sync_aliases(context)
        entry = _interrupted(context, to) or registry.rollback(
            context,
            reason=reason,
            actor=context.settings.actor,
            to=None if to is None else find_target(registry.entries(context), to, datetime.now(UTC)),
            expected=expected,
        )
        proof = finish(context, entry)
    return {"from": entry.base_version, "to": entry.version, "reason": entry.reason, "proof": proof}


def find_target(entries: Sequence[Entry], to: str, now: datetime) -> Entry:
    """The standing promotion that `to`, a version or a date, means at `now`; RegistryError where there is none."""
    standing = standing_promotions(entries)
    if re.fullmatch(r"\d{1,9}", to):
        version, meant = to, f"version {to}"
    else:
        version = _version_at(entries, _instant(to, now), to)
        meant = f"version {version}, which served at {to},"
    if standing and standing[-1].version == version:
        raise _impossible(f"{meant} serves now", "name an earlier one; `tidegraph ledger show` lists them")
    earlier = [entry for entry in standing[:-1] if entry.version == version]
    if earlier:
        return earlier[-1]
    if any(entry.kind == "promotion" and entry.version == version for entry in entries):
        raise _impossible(f"{meant} was rolled back itself", f'run: tidegraph promote {version} --reason "..."')
    raise _impossible(f"{meant} never served", "name one that did; `tidegraph ledger show` lists them")


def _instant(to: str, now: datetime) -> datetime:
    try:
        if not re.match(r"\d{4}-\d{2}-\d{2}", to):
            raise ValueError
        end = end_of(to)
    except (ValueError, OverflowError) as error:
        raise _impossible(
            f"{to[:40]!r} is neither a version nor a date", "write one such as 3, 2026-11-27 or 2026-11-27T12:00:00Z"
        ) from error
    of_a_day = len(to) == len("2026-11-27")
    if (end - timedelta(days=1) if of_a_day else end) > now:
        raise _impossible(f"{to} is in the future", "name a version, or a date on which one served")
    return min(end - timedelta(microseconds=1), now) if of_a_day else end


def _version_at(entries: Sequence[Entry], instant: datetime, to: str) -> str:
    serving = serving_at(entries, instant)
    if serving is None:
        raise _impossible(f"nothing served at {to} yet", "name a later date; `tidegraph ledger show` lists them")
    return serving.version


def _interrupted(context: Context, to: str | None) -> Entry | None:
    entry = unfinished(context, "rollback", None)
    if entry is None or to in (None, entry.version):
        return entry
    return None


def _impossible(what: str, mend: str) -> RegistryError:
    return RegistryError(what, where="--to", mend=mend)
