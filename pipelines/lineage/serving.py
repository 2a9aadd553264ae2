"""When each version served, as the ledger's entries tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pipelines.ledger.entries import Entry
from pipelines.ledger.rules import standing_promotions


@dataclass(frozen=True)
class Span:
    """A version served since `since`, until `until`; None: it still does. Both ISO instants, UTC."""

    version: str
    since: str
    until: str | None = None


def served_spans(entries: Sequence[Entry]) -> list[Span]:
    """Who served when, oldest first; each span ends where the next begins."""
    changes: list[tuple[str, str]] = []
    for count, entry in enumerate(entries, start=1):
        standing = standing_promotions(entries[:count])
        serving = standing[-1].version if standing else None
        if serving is not None and (not changes or changes[-1][0] != serving):
            changes.append((serving, entry.at))
    ends = [at for _, at in changes[1:]]
    return [Span(version, at, until) for (version, at), until in zip_longest(changes, ends)]


def tell_serving(version: str, spans: Sequence[Span]) -> dict[str, Any]:
    """`now`: whether the version serves; `spans`: since when and until when it did."""
    own = [span for span in spans if span.version == version]
    return {
        "now": any(span.until is None for span in own),
        "spans": [{"since": span.since, "until": span.until} for span in own],
    }
