"""Lineages small enough to look at: each update knew all snapshots until its own, and goes on from a base version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pipelines.lineage.known import Known
from pipelines.windows import Calendar
from tests.drop import FIRST, window

CALENDAR = Calendar(FIRST, timedelta(days=7))


def lineage(place: int, *, mode: str = "incremental", base: str | None = None, **changes: Any) -> dict[str, Any]:
    """Of the update by the shop's window `place`, cut three days before its end."""
    source = {"window": window(place), "connector": "files", "files": {f"{window(place)}/events.csv": f"bytes {place}"}}
    return {
        "format": 1,
        "window": window(place),
        "windows": [window(place)],
        "mode": mode,
        "base_version": base,
        "data_cut": (CALENDAR.at(place).end - timedelta(days=3)).isoformat(),
        "snapshots": [snapshot(place)],
        "knew": [snapshot(index) for index in range(place + 1)],
        "sources": [source],
        "validation": [{"window": window(place), "passed": True, "digest": "v1"}],
        "erasures": 0,
        "verdict": {"outcome": "PASS", "reason": "no worse on all", "digest": "d"},
        **changes,
    }


def snapshot(place: int, revision: int = 1) -> dict[str, Any]:
    tag = f"snapshot/{window(place)}" + (f".r{revision}" if revision > 1 else "")
    return {"window": window(place), "tag": tag, "digest": f"{place}.{revision}"}


def known(*versions: dict[str, Any]) -> Known:
    """Versions 1, 2 and so on, none of which serves."""
    return Known({str(number): each for number, each in enumerate(versions, start=1)}, (), (), (), CALENDAR)
