"""Freezing promotions, and lifting the freeze: entries of the ledger, made by a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.ledger.entries import Draft, Kind
from pipelines.ledger.rules import end_of, tell_freeze
from pipelines.revision import code_revision


def freeze(context: Context, *, reason: str, until: str | None = None) -> dict[str, Any]:
    """Let nothing be promoted, until lifted or to the end of the day (or the instant) `until`, by the wall clock.

    The newest freeze counts: freezing again changes reason and end. Gives `reason`, `by`, `since`, `until`, and, as
    such, the freeze that it `replaced`.
    """
    ends, was = _end(until), registry.freeze_now(context)
    entry = registry.act(context, _draft("freeze", check_reason(reason), ends, context))
    return {**tell_freeze(entry), "replaced": tell_freeze(was) if was else None}


def lift(context: Context, *, reason: str) -> dict[str, Any]:
    """Let promotions happen again. Raises Refusal when nothing is frozen."""
    was = registry.freeze_now(context)
    entry = registry.act(context, _draft("thaw", check_reason(reason), None, context))
    return {"reason": entry.reason, "by": entry.actor, "lifted": tell_freeze(was) if was else None}


def check_reason(reason: str) -> str:
    """The reason without blanks around it; RegistryError where nothing is left."""
    if not reason.strip():
        raise RegistryError(
            "a reason is needed, and this one is empty", where="--reason", mend="say why; the ledger keeps it for good"
        )
    return reason.strip()


def _end(until: str | None) -> str | None:
    if until is None:
        return None
    try:
        ends = end_of(until)
    except (ValueError, OverflowError) as error:
        raise RegistryError(
            f"{until[:40]!r} is no date", where="--until", mend="write one such as 2026-12-31, or 2026-12-31T12:00:00Z"
        ) from error
    if ends <= datetime.now(UTC):
        raise RegistryError(f"{until} is over already", where="--until", mend="name a later date")
    return ends.isoformat()


def _draft(kind: Kind, reason: str, until: str | None, context: Context) -> Draft:
    return Draft(
        kind=kind,
        reason=reason,
        until=until,
        actor=context.settings.actor,
        update_key=f"{kind} {uuid4().hex}",
        code=code_revision(),
        params_digest=registry.params_digest(context),
        base_version=None,
        **dict.fromkeys(("version", "window", "data_cut", "run_id", "verdict", "verdict_digest"), ""),
    )
