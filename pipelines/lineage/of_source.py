"""Which windows the rows of a file landed in, and which versions saw those."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import SourceError
from pipelines.lineage.known import Known
from pipelines.lineage.of_snapshot import models_that

SHORT = 12
"""So many characters of a digest are told, and are enough to ask by."""


def trace_source(asked: str, known: Known, landings: Iterable[Mapping[str, Any]], drop: Path) -> dict[str, Any]:
    """`asked`: a file's name below the drop folder, its path, or the SHA-256 of what it held, or how that begins;
    `landings`: manifests.

    `landed`: each window and state of the file, with the snapshots that hold its rows; `sha256`: of the file
    as it is now, None where it is gone. SourceError where no landing names it.
    """
    name, now = _name_of(asked, drop), _digest_now(asked, drop)
    landed = _landings(name, asked, known, landings)
    if not landed:
        raise SourceError(
            f"no window's rows came of a file {asked[:80]!r}",
            where="--source",
            mend=f"name a file below {drop}, as {_examples(landings)}; other sources than files keep no file names: "
            "ask with --snapshot instead",
        )
    tags = {tag for each in landed for tag in each["tags"]}
    return {
        "file": name,
        "sha256": now,
        "landed": [each | {"as_now": None if now is None else each["sha256"] == now} for each in landed],
        "models": models_that(lambda seen: seen.tag in tags, known),
    }


def _landings(name: str, asked: str, known: Known, landings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By window; a landing that no snapshot was taken of (yet) has no tags."""
    found: dict[tuple[str, str, str], list[str]] = {}
    told = [(each.source, [each.tag]) for each in known.landed()]
    for source, tags in [*told, *((landing, []) for landing in landings)]:
        for file, digest in (source.get("files") or {}).items():
            if file == name or (len(asked) >= SHORT and digest.startswith(asked.lower())):
                held = found.setdefault((source["window"], file, digest), [])
                held += [tag for tag in tags if tag not in held]
    return [
        {"window": window, "file": file, "sha256": digest, "tags": tags}
        for (window, file, digest), tags in sorted(found.items())
    ]


def _name_of(asked: str, drop: Path) -> str:
    """Below the drop folder where the path lies there; else as it is."""
    try:
        path = Path(asked).expanduser().absolute()
        inside = [each for each in (path, path.resolve()) if each.is_relative_to(drop)]
    except (OSError, RuntimeError, ValueError):  # no home of that user, a circle of links, no path at all
        return asked
    return inside[0].relative_to(drop).as_posix() if inside else asked


def _digest_now(asked: str, drop: Path) -> str | None:
    for path in (drop / _name_of(asked, drop), Path(asked)):
        try:
            with path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except (OSError, ValueError):
            continue
    return None


def _examples(landings: Iterable[Mapping[str, Any]]) -> str:
    names = [file for landing in landings for file in landing.get("files") or {}]
    return f"{names[-1]} is" if names else "the landings of file sources name them"
