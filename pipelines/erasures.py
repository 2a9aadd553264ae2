"""Erasures: users who asked to be forgotten, and from when on they count as never having been there."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from features.graph import microseconds
from pipelines.context import Context
from pipelines.errors import UnknownUserError
from pipelines.files import read_json, write_json
from pipelines.locks import hold


@dataclass(frozen=True)
class Erasure:
    """What `user_id` did before `until` (ISO 8601, UTC) is not seen any more; what comes later is of a new user."""

    user_id: str
    until: str

    @property
    def until_us(self) -> int:
        return microseconds(datetime.fromisoformat(self.until))


def read_erasures(context: Context) -> list[Erasure]:
    """All requests, in the order in which they were made; a graph knows how many of them it has folded."""
    path = context.path("erasures.json")
    return [Erasure(**each) for each in read_json(path)] if path.is_file() else []


def ask_for_erasure(user_id: str, until: datetime, context: Context) -> Erasure:
    """Write down that `user_id` is to be erased; the next refresh does it. Asking the same twice changes nothing.

    Raises UnknownUserError for an empty id.
    """
    if not user_id.strip():
        raise UnknownUserError("an erasure needs a user's id", where="USER", mend="give the id as the source has it")
    asked = Erasure(user_id, until.astimezone(UTC).isoformat())
    with hold(context.path("locks"), "erasures"):
        known = read_erasures(context)
        if asked not in known:
            write_json(context.path("erasures.json"), [asdict(each) for each in [*known, asked]])
    return asked


def until_of(erasures: list[Erasure]) -> dict[str, int]:
    """Until when (µs) each user is erased, by id."""
    return {each.user_id: max(e.until_us for e in erasures if e.user_id == each.user_id) for each in erasures}


def erasure_table(erasures: list[Erasure]) -> Table:
    """`erased_id` and `until` (µs): the last request of each user."""
    last = until_of(erasures)
    return ibis.memtable(
        pa.table({"erased_id": pa.array(list(last), pa.string()), "until": pa.array(list(last.values()), pa.int64())})
    )


def without_erased(rows: Table, erasures: list[Erasure], *, moment: str) -> Table:
    """`rows` (with `moment` in µs) but for those that erasures cover: rows of the erased, and of whoever named them."""
    if not erasures:
        return rows
    for name in _naming(rows):
        asked = erasure_table(erasures)
        rows = rows.anti_join(asked, [rows[name] == asked["erased_id"], rows[moment] < asked["until"]])
    return rows


def of_erased(rows: Table, erasures: list[Erasure]) -> Table:
    """The events that erasures cover."""
    asked = erasure_table(erasures)
    found = [
        rows.semi_join(asked, [rows[name] == asked["erased_id"], rows["at"] < asked["until"]]) for name in _naming(rows)
    ]
    return ibis.union(*found, distinct=True) if len(found) > 1 else found[0]


def _naming(rows: Table) -> list[str]:
    """Columns that name a user."""
    return [name for name in ("user_id", "target_user_id") if name in rows.columns]
