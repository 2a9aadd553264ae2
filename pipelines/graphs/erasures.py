"""Erasures: users who asked to be forgotten, and from when on they count as never having been there."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from features.graph import microseconds
from pipelines.context import Context
from pipelines.errors import ParamsError, StoreError, UnknownUserError
from pipelines.files import write_json
from pipelines.locks import hold

_FORM = '{"user_id": "1228", "until": "2017-10-08T00:00:00+00:00"}'


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
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, list):
            raise ValueError("it is no list")
        found = [_request(each, place) for place, each in enumerate(content, 1)]
    except (ValueError, OSError, RecursionError) as error:
        raise StoreError(
            f"the requests to forget users cannot be read: {error}",
            where=str(path),
            mend=f"restore the file from a backup; it is a list of {_FORM}",
        ) from error
    return found


def _request(told: object, place: int) -> Erasure:
    """ValueError says what is wrong with the request."""
    if not isinstance(told, dict) or set(told) != {"user_id", "until"}:
        raise ValueError(f"request {place} has other keys than user_id and until")
    user_id, until = told["user_id"], told["until"]
    if not isinstance(user_id, str) or not _may_be_id(user_id):
        raise ValueError(f"request {place} names no user: user_id is {user_id!r}, and has to be a text")
    try:
        instant = datetime.fromisoformat(until)
    except (ValueError, TypeError) as error:
        raise ValueError(f"request {place}: until is {until!r}, and has to be an instant with its zone") from error
    if instant.tzinfo is None or instant > datetime.now(UTC):
        raise ValueError(f"request {place}: until is {until!r}, and has to be an instant of the past with its zone")
    return Erasure(user_id, until)


def _may_be_id(text: str) -> bool:
    """No source brings ids with control characters, or with halves of a letter."""
    return bool(text.strip()) and not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


def ask_for_erasure(user_id: str, until: datetime, context: Context) -> Erasure:
    """Write down that `user_id` is to be erased; the next refresh does it. Asking the same twice changes nothing.

    Raises UnknownUserError for what can be no id, and ParamsError for an instant that has not come yet.
    """
    if not _may_be_id(user_id):
        raise UnknownUserError(
            f"an erasure needs a user's id, and {user_id[:80]!r} is none",
            where="USER",
            mend="give the id as the source has it",
        )
    if until > datetime.now(UTC):
        raise ParamsError(
            f"{until.isoformat()} has not come yet, and nobody can be forgotten in advance",
            where="--until",
            mend="leave --until out for now, or give an instant of the past",
        )
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
