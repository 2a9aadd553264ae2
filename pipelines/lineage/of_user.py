"""In which snapshots a user has events, which versions saw these, and which published lists are for them.

Of a user who asked to be forgotten, nothing of before is looked up, let alone told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.backend import local_backend
from features.graph import instant, microseconds
from pipelines.context import Context
from pipelines.errors import UnknownUserError
from pipelines.graphs.erasures import Erasure, read_erasures, without_erased
from pipelines.lineage.known import Known
from pipelines.lineage.seen import Lineage, base_line
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.snapshots.event_tables import open_events
from pipelines.snapshots.partitions import EventFile, event_files


@dataclass(frozen=True)
class Held:
    """What one file of a snapshot holds of a user: `events`, theirs and those that name them, and the `first`'s time.

    The snapshot is of window `belongs`; the rows arrived with window `arrived`.
    """

    belongs: str
    arrived: str
    events: int
    first: datetime


def trace_user(user: str, known: Known, context: Context) -> dict[str, Any]:
    """`snapshots`, `models` and `lists`; where an erasure was asked for, `erased`: until when, and the versions that,
    or whose base versions, were learned before it was carried out. UnknownUserError where nothing is known of them."""
    erasures = read_erasures(context)
    asked = [place for place, each in enumerate(erasures, start=1) if each.user_id == user]
    held = list(_held(user, erasures, context))
    if not held and not asked:
        raise UnknownUserError(
            f"no snapshot has an event of user {user[:80]!r}",
            where="data registry",
            mend="check the id as the source has it; events in quarantine are in no snapshot",
        )
    tags = open_data_registry(context).tags()
    return {
        "user": user,
        "erased": _erased(erasures[asked[-1] - 1], asked[-1], known) if asked else None,
        "snapshots": [asdict(each) | {"first": each.first.isoformat(), "tag": tags[each.belongs][-1]} for each in held],
        "models": [told for version in known.versions if (told := _saw(version, held, known))],
        "lists": list(_lists(user, known, context)) if held else [],
    }


def _erased(last: Erasure, place: int, known: Known) -> dict[str, Any]:
    """Which versions may hold what was learned of the user follows from when they were made, not from the user."""
    before = [
        version
        for version in known.versions
        if any((known.versions[each].get("erasures") or 0) < place for each in [version, *_line(version, known)])
    ]
    return {"until": last.until, "made_before": before}


def _line(version: str, known: Known) -> list[str]:
    return base_line(version, known.versions)


def _held(user: str, erasures: list[Erasure], context: Context) -> Iterable[Held]:
    """By window; what an erasure covers is not among it."""
    with local_backend() as backend:
        for file in event_files(context):
            rows = without_erased(open_events([file.path], backend), erasures, moment="at")
            of_user = rows.filter((rows["user_id"] == user) | (rows["target_user_id"] == user))
            told = backend.to_pyarrow(of_user.aggregate(events=of_user.count(), first=of_user["at"].min())).to_pylist()
            if told[0]["events"]:
                yield _as_held(file, **told[0])


def _as_held(file: EventFile, events: int, first: int) -> Held:
    return Held(file.belongs, file.arrived, events, instant(first))


def _saw(version: str, held: list[Held], known: Known) -> dict[str, Any] | None:
    """Whether the version, or one of its base line, learned from events of the user; None where none saw any."""
    learned = {each: _learned(known.versions[each], held) for each in [version, *_line(version, known)]}
    lineage = known.versions[version]
    judged = any(each.arrived <= str(lineage.get("window")) for each in held) and not learned[version]
    if not any(learned.values()) and not judged:
        return None
    via = next((each for each, did in learned.items() if did), None)
    return known.tell_version(version) | {
        "learned": via is not None,
        "judged": judged,
        "via": None if via == version else via,
    }


def _learned(lineage: Lineage, held: list[Held]) -> bool:
    cut = lineage.get("data_cut")
    arrived = [each for each in held if each.arrived <= str(lineage.get("window"))]
    return any(cut is None or microseconds(each.first) < microseconds(datetime.fromisoformat(cut)) for each in arrived)


def _lists(user: str, known: Known, context: Context) -> Iterable[dict[str, Any]]:
    """Published lists that name the user, as theirs or among those who got none."""
    for told in known.lists:
        folder = context.path("predictions", str(told["window"]))
        about = {"window": told["window"], "version": told.get("version")}
        if _names(folder / "lists.parquet", user):
            yield about | {"got": "a list"}
        elif _names(folder / "skipped.parquet", user):
            yield about | {"got": "no list, and why"}


def _names(path: Path, user: str) -> bool:
    if not path.is_file():
        return False
    users = pq.read_table(path, columns=["user_id"])["user_id"]
    return bool(pc.any(pc.equal(users.cast("string"), user)).as_py())
