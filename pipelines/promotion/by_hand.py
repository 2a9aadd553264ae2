"""Promotion by hand: a person lets a judged version serve, says why, and the ledger keeps who and why."""

from __future__ import annotations

from typing import Any

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import RegistryError
from pipelines.ledger.entries import BY_HAND, Draft, Entry
from pipelines.locks import hold
from pipelines.promotion.freezing import check_reason
from pipelines.promotion.judged import Judged, find_judged
from pipelines.promotion.proving import prove
from pipelines.serving.publishing import newest_published, publish_lists

LOCK = "champion"
"""Held by who changes the champion by hand: a promotion or a rollback."""


def promote_by_hand(context: Context, version: str, *, reason: str) -> dict[str, Any]:
    """Let `version` serve whatever its verdict; publish its lists and ask what serves.

    Gives `from`, `to`, `reason`, `actor`, `verdict` (what the gate had said), `verdict_reason` and `proof`. Raises
    RegistryError (Refusal where the ledger's rules forbid it): no such version, never judged, champion already, cut
    older than the champion's, frozen. One that was interrupted before its lists were out is finished.
    """
    reason = check_reason(reason)
    with hold(context.path("locks"), LOCK):
        registry.sync_aliases(context)
        judged = find_judged(context, version)
        entry = unfinished(context, "promotion", version) or _enter(judged, reason, context)
        proof = finish(context, entry)
    return {
        "from": entry.previous_version,
        "to": entry.version,
        "reason": entry.reason,
        "actor": entry.actor,
        "verdict": judged.verdict,
        "verdict_reason": judged.verdict_reason,
        "proof": proof,
    }


def finish(context: Context, entry: Entry) -> str:
    """What follows an entry that changed the champion: ask what serves, publish its lists; tells what was proven."""
    context.say(f"the {entry.kind} of version {entry.version} is in the ledger; asking what serves, in a fresh process")
    proof = prove(context, entry.version)
    if proof.failure is not None:
        raise RegistryError(
            f"the {entry.kind} is in the ledger, but {proof.failure}",
            where=f"version {entry.version}, asked in a fresh process",
            mend='run `tidegraph status`; to let another version serve: tidegraph rollback --reason "..."',
        )
    published = newest_published(context)
    window = published["window"] if published else entry.window
    context.say(f"publishing the lists of version {entry.version} for window {window}")
    publish_lists(context, entry.version, window)
    return proof.told


def unfinished(context: Context, kind: str, version: str | None) -> Entry | None:
    """The newest change of the champion where it is of `kind` (and to `version`), and the lists are still of before."""
    changes = [entry for entry in registry.entries(context) if entry.kind in ("promotion", "rollback")]
    published = newest_published(context)
    if not changes or changes[-1].kind != kind or version not in (None, changes[-1].version):
        return None
    last, listed = changes[-1], published["version"] if published else None
    return last if listed == (last.previous_version or last.base_version) else None


def _enter(judged: Judged, reason: str, context: Context) -> Entry:
    champion = registry.champion(context)
    if champion is not None and champion.version == judged.version:
        raise RegistryError(
            f"version {judged.version} serves already",
            where=f"ledger {registry.where(context)}",
            mend="there is nothing to do; `tidegraph ledger show` tells since when",
        )
    last = registry.last_entry(context)
    promotion = Draft(
        kind="promotion",
        version=judged.version,
        base_version=judged.base_version,
        previous_version=champion.version if champion else None,
        window=judged.window,
        data_cut=judged.data_cut,
        run_id=judged.run_id,
        verdict=judged.verdict,
        verdict_digest=judged.verdict_digest,
        reason=reason,
        actor=context.settings.actor,
        # two who ask for the same at once promote once
        update_key=f"{BY_HAND}{judged.version} after {last.hash if last else 'nothing'}",
        snapshots=judged.snapshots,
        code=judged.code,
        params_digest=judged.params_digest,
    )
    return registry.act(context, promotion, forced=True)
