"""What an entry of the ledger holds, and the hash that ties it to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["promotion", "rollback", "freeze", "thaw"]

GENESIS = "genesis"
FORMAT = 2
BY_HAND = "by hand: "
"""What the `update_key` of a promotion that a person asked for begins with."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What one asks to be entered. `data_cut` is an aware ISO instant: until when the version learnt.

    `base_version` is the champion that `version` was judged against (for a rollback: the one it replaces); None for
    the first. `previous_version` is who serves before the entry: a promotion or rollback is refused when another one
    does. `update_key` names the act: the same key is never entered twice. `snapshots` are the tags that the version's
    update brought in, `code` the code revision, `params_digest` the digest of all params. `until` is when a freeze
    ends by itself. A freeze and a thaw concern no version: what tells of one is empty.
    """

    kind: Kind
    version: str
    base_version: str | None
    window: str
    data_cut: str
    run_id: str
    verdict: str
    verdict_digest: str
    reason: str
    actor: str
    update_key: str
    previous_version: str | None = None
    snapshots: str | None = None
    code: str | None = None
    params_digest: str | None = None
    until: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry(Draft):
    """What was entered: `seq` counts from 1, `at` is the ISO instant (UTC), `hash` covers every other field.

    Entries of format None were made before there were `snapshots`, `code`, `params_digest`, `previous_version` and
    `until`; their hash covers what they knew, and those fields stay empty.
    """

    seq: int
    at: str
    follows: str
    hash: str
    format: int | None = None

    @property
    def by_hand(self) -> bool:
        """Whether a person asked for this promotion, and not an update."""
        return self.update_key.startswith(BY_HAND)


NAMES = tuple(field.name for field in fields(Entry))
ADDED = ("previous_version", "snapshots", "code", "params_digest", "until", "format")
"""The fields that entries of format None do not have."""


def chain(draft: Draft, entries: Sequence[Entry], serving: str | None) -> Entry:
    """The entry that `draft` becomes after `entries`, when `serving` serves."""
    entry = Entry(
        **asdict(replace(draft, previous_version=serving)),
        seq=len(entries) + 1,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        follows=entries[-1].hash if entries else GENESIS,
        hash="",
        format=FORMAT,
    )
    return replace(entry, hash=_hash(entry))


def first_broken(entries: Sequence[Entry]) -> int | None:
    """The `seq` of the first entry that is not as it was written, or not where; None when the whole chain holds."""
    follows = GENESIS
    for number, entry in enumerate(entries, start=1):
        if entry.seq != number or entry.follows != follows or not _as_written(entry):
            return entry.seq
        follows = entry.hash
    return None


def _as_written(entry: Entry) -> bool:
    if entry.format is None and any(getattr(entry, name) is not None for name in ADDED):
        return False  # what its hash does not cover has to be empty
    return entry.format in (None, FORMAT) and entry.hash == _hash(entry)


def _hash(entry: Entry) -> str:
    left_out = {"hash", *(ADDED if entry.format is None else ())}
    covered: dict[str, Any] = {name: value for name, value in asdict(entry).items() if name not in left_out}
    canonical = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
