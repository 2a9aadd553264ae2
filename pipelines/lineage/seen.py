"""What a version saw: what its update learned from and was judged on, and all that its base versions saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.windows import Calendar

Lineage = Mapping[str, Any]
LEARNED_FROM_BASE = ("incremental", "graph-only")
"""Modes in which a candidate starts from what its base version had learned; in a full fit that is only a rival."""


@dataclass(frozen=True)
class Seen:
    """A snapshot that a version `learned` from (its events before the cut), or was `judged` on (those after it).

    `via`: the version of its base line that did so, where it was not the version itself.
    """

    window: str
    tag: str
    digest: str | None
    learned: bool
    judged: bool
    via: str | None = None


def base_line(version: str, lineages: Mapping[str, Lineage]) -> list[str]:
    """The versions whose weights `version` goes on from, nearest first, down to a full fit; not itself."""
    line: list[str] = []
    at = lineages[version]
    while at.get("mode") in LEARNED_FROM_BASE and at.get("base_version") in lineages:
        base = str(at["base_version"])
        if base in (version, *line):
            break  # no registry makes a circle; a file that somebody wrote may
        line.append(base)
        at = lineages[base]
    return line


def saw(version: str, lineages: Mapping[str, Lineage], calendar: Calendar) -> list[Seen]:
    """By window, then tag. What a base version was judged on is not told: nothing of it is in the weights."""
    found = {each.tag: each for each in _own(lineages[version], calendar, None)}
    for base in base_line(version, lineages):
        for each in _own(lineages[base], calendar, base):
            known = found.get(each.tag)
            if each.learned and (known is None or not known.learned):
                found[each.tag] = Seen(
                    each.window, each.tag, each.digest, True, bool(known and known.judged), via=each.via
                )
    return sorted(found.values(), key=lambda each: (each.window, each.tag))


def _own(lineage: Lineage, calendar: Calendar, via: str | None) -> Iterator[Seen]:
    cut = datetime.fromisoformat(lineage["data_cut"]) if lineage.get("data_cut") else None
    for told in lineage.get("knew") or lineage.get("snapshots") or []:
        window = calendar.window(told["window"])
        learned = cut is None or window.start < cut
        judged = cut is not None and window.end > cut
        yield Seen(told["window"], told["tag"], told.get("digest"), learned, judged, via)
