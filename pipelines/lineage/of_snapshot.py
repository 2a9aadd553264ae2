"""Which versions a snapshot, perhaps a bad batch, went into; which of them served, and in whose lists it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.errors import SnapshotError
from pipelines.lineage.known import Known
from pipelines.lineage.seen import Seen

_NAME = re.compile(r"(snapshot/)?(?P<window>[^/.]+)([./]r(?P<revision>[0-9]+))?")


def trace_snapshot(asked: str, known: Known, tags: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """`asked`: a window, or a tag such as `snapshot/2017-10-08.r2`; `tags`: those of the data registry by window.

    `models`: each version that saw it, by which tag, whether it learned from it or was judged on it, through which base
    version, when it served, and its published lists. SnapshotError where there is no such snapshot.
    """
    window, tag = _find(asked, tags)
    wanted = (lambda each: each.tag == tag) if tag else (lambda each: each.window == window)
    sources = known.sources()
    return {
        "window": window,
        "tag": tag,
        "tags": [{"tag": name, "source": sources.get(name)} for name in tags[window] if tag in (None, name)],
        "validation": _validation(window, known),
        "models": models_that(wanted, known),
    }


def models_that(wanted: Callable[[Seen], bool], known: Known) -> list[dict[str, Any]]:
    """Each version that saw a snapshot which `wanted` says yes to, with what of those it saw."""
    found = []
    for version in known.versions:
        seen = [each for each in known.saw(version) if wanted(each)]
        if seen:
            told = {
                "tags": [each.tag for each in seen],
                "learned": any(each.learned for each in seen),
                "judged": any(each.judged for each in seen),
                "via": _via(seen),
            }
            found.append(known.tell_version(version) | told)
    return found


def _via(seen: Sequence[Seen]) -> str | None:
    """The base version through which it was learned; None where the version itself learned some of it."""
    learned = [each.via for each in seen if each.learned]
    return learned[0] if learned and None not in learned else None


def _find(asked: str, tags: Mapping[str, Sequence[str]]) -> tuple[str, str | None]:
    match = _NAME.fullmatch(asked.strip())
    window = match["window"] if match else ""
    if not match or window not in tags:
        newest = ", ".join(list(tags)[-3:]) or "none yet"
        raise SnapshotError(
            f"there is no snapshot {asked[:60]!r}",
            where="--snapshot",
            mend=f"name a window or a tag such as snapshot/2017-10-08; newest windows: {newest}",
        )
    if match["revision"] is None:
        return window, tags[window][0] if match[1] and len(tags[window]) > 1 else None
    tag = f"snapshot/{window}" + (f".r{match['revision']}" if int(match["revision"]) > 1 else "")
    if tag not in tags[window]:
        raise SnapshotError(
            f"window {window} has no revision {match['revision']}",
            where="--snapshot",
            mend=f"name one of: {', '.join(tags[window])}",
        )
    return window, tag


def _validation(window: str, known: Known) -> dict[str, Any] | None:
    """What its newest validation came to."""
    told = [each for update in known.updates for each in update.get("validation") or [] if each["window"] == window]
    return dict(told[-1]) if told else None
