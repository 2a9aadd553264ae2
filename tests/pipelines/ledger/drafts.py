"""What tests of the ledger enter, and how they look at it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from pipelines.ledger.book import Draft, Ledger


def promotion(version: str, base: str | None, **changes: Any) -> Draft:
    draft = Draft(
        kind="promotion",
        version=version,
        base_version=base,
        previous_version=base,
        window="2017-10-08",
        data_cut="2017-10-12T00:00:00+00:00",
        run_id="run",
        verdict="PASS",
        verdict_digest="digest",
        reason="better",
        actor="test",
        update_key=f"update of {version}",
        snapshots="snapshot/2017-10-08",
        code="code",
        params_digest="params",
    )
    return replace(draft, **changes)


def rollback(version: str, base: str, key: str = "undo") -> Draft:
    return promotion(version, base, kind="rollback", reason="worse", update_key=key)


def freeze(key: str = "freeze", until: str | None = None) -> Draft:
    empty = dict.fromkeys(("window", "data_cut", "run_id", "verdict", "verdict_digest"), "")
    return promotion("", None, kind="freeze", reason="holidays", update_key=key, until=until, **empty)


def thaw(key: str = "thaw") -> Draft:
    return replace(freeze(key), kind="thaw", reason="over")


@contextmanager
def tampering(url: str) -> Iterator[sqlite3.Connection]:
    """The ledger's own file, open to whoever would change it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        yield database
        database.commit()


def serving(ledger: Ledger) -> tuple[str | None, str | None]:
    champion, previous = ledger.champion(), ledger.previous()
    return champion.version if champion else None, previous.version if previous else None
