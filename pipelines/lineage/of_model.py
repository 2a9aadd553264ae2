"""What a version came from: its own update, its base line, snapshots, files; and when it served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pipelines.aliases import unknown_version
from pipelines.lineage.known import Known
from pipelines.lineage.seen import Lineage, base_line


def trace_model(version: str, known: Known) -> dict[str, Any]:
    """`lineage`: as its run keeps it; `base_line`: the versions it goes on from, down to a full fit; `saw`: each
    snapshot, with the source its rows came of; `serving`, and `lists`: windows whose published lists it made.

    RegistryError where there is no such version.
    """
    lineage, sources = find_version(version, known.versions), known.sources()
    return {
        **known.tell_version(version),
        "lineage": dict(lineage),
        "base_line": [known.tell_version(base) for base in base_line(version, known.versions)],
        "saw": [asdict(each) | {"source": sources.get(each.tag)} for each in known.saw(version)],
    }


def find_version(version: str, versions: Mapping[str, Lineage]) -> Lineage:
    """The lineage of `version`; RegistryError where there is none."""
    if version in versions:
        return versions[version]
    raise unknown_version(version, versions)
