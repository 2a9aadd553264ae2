"""The ledger: the append-only, hash-chained record of promotions and rollbacks; it alone says who is champion.

Each entry names the hash of the one it follows, under a unique constraint: of two promotions that race from the same
champion the database lets one in. The first follows GENESIS, a constant, since SQL admits NULL any number of times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from pipelines.errors import RegistryError


class Refusal(RegistryError):
    """The ledger was asked for what its rules forbid; nothing was entered."""


GENESIS = "genesis"
_BUSY_SECONDS = 30
_ATTEMPTS = 20


@dataclass(frozen=True)
class Draft:
    """What one asks to be entered. `data_cut` is an aware ISO instant: until when the version learnt.

    `base_version` is the champion that `version` was judged against (for a rollback: the one it replaces); None for
    the first. `update_key` names the act: the same key is never entered twice.
    """

    kind: Literal["promotion", "rollback"]
    version: str
    base_version: str | None
    window: str
    data_cut: str
    run_id: str
    verdict: str
    verdict_digest: str
    reason: str
    actor: str
    update_key: str


@dataclass(frozen=True)
class Entry(Draft):
    """What was entered: `seq` counts from 1, `at` is the ISO instant (UTC), `hash` covers every other field."""

    seq: int
    at: str
    follows: str
    hash: str


_TABLE = Table(
    "ledger",
    MetaData(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    *(
        Column(field.name, Text, nullable=field.name == "base_version", unique=field.name in ("update_key", "follows"))
        for field in fields(Entry)
        if field.name != "seq"
    ),
)


class Ledger:
    """The ledger at `url`: SQLite (made with its folder on first use) or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            self.where = make_url(url).render_as_string(hide_password=True)
            self._engine = _open_engine(url)
        except (ArgumentError, ImportError) as error:
            raise RegistryError(
                f"the ledger's address cannot be used: {error}",
                where="TIDEGRAPH_LEDGER_URL",
                mend="write sqlite:////path/ledger.db or postgresql://…, which needs `pip install psycopg[binary]`",
            ) from error

    def entries(self) -> list[Entry]:
        """All entries, oldest first. Looking makes no database: where there is none, there are no entries."""
        file = make_url(self._url).database if make_url(self._url).get_backend_name() == "sqlite" else None
        if file is not None and not Path(file).exists():
            return []
        with self._reachable(), self._engine.connect() as connection:
            return _read(connection) if inspect(connection).has_table(_TABLE.name) else []

    def champion(self) -> Entry | None:
        """The promotion of the version that serves."""
        standing = standing_promotions(self.entries())
        return standing[-1] if standing else None

    def previous(self) -> Entry | None:
        """The promotion of the version a rollback would restore."""
        standing = standing_promotions(self.entries())
        return standing[-2] if len(standing) > 1 else None

    def append(self, draft: Draft, *, forced: bool = False) -> Entry:
        """Enter `draft` if its `base_version` still serves; an act entered before is given back as it stands.

        Raises Refusal when the champion changed, the data cut is older than the champion's, or the version was
        rolled back before and `forced` is not set (it asks for a reason).
        """
        for _ in range(_ATTEMPTS):
            with self._reachable():
                entry = self._enter(draft, forced)
            if entry is not None:
                return entry
        raise RegistryError(
            "the ledger is written to all the time", where=self.where, mend="run the same command again"
        )

    def _enter(self, draft: Draft, forced: bool) -> Entry | None:
        """The entry made, or the one made before; None when another process was first: judge anew what it entered."""
        try:
            _make_place(self._url)
            _make_table(self._engine)
            with self._engine.begin() as connection:
                entries = _read(connection)
                self._refuse_broken(entries)
                done = [entry for entry in entries if entry.update_key == draft.update_key]
                if done:
                    return done[0]
                self._refuse(draft, entries, forced)
                entry = _chain(draft, entries)
                connection.execute(insert(_TABLE).values(asdict(entry)))
                return entry
        except IntegrityError:
            return None
        except OperationalError as error:
            # SQLite does not wait where waiting could not help: what was read is out of date
            if "locked" in str(error.orig):
                return None
            raise

    def verify(self) -> int | None:
        """The `seq` of the first entry that is not as it was written; None when the whole chain holds."""
        return _first_broken(self.entries())

    def _refuse_broken(self, entries: Sequence[Entry]) -> None:
        broken = _first_broken(entries)
        if broken is not None:
            raise self._refusal(
                f"entry {broken} of the ledger is not as it was written; nothing is entered after it",
                "restore the ledger from a backup of before the change; the champion keeps serving",
            )

    def _refuse(self, draft: Draft, entries: Sequence[Entry], forced: bool) -> None:
        standing = standing_promotions(entries)
        champion = standing[-1] if standing else None
        serving = champion.version if champion else None
        if serving != draft.base_version:
            at = entries[-1].at if entries else "the start"
            raise self._refusal(
                f"the champion changed since version {draft.version} was judged: {_name(draft.base_version)} then, "
                f"{_name(serving)} since {at}",
                "run the update again: it judges against the champion of now",
            )
        if draft.kind == "rollback":
            return
        if champion and datetime.fromisoformat(draft.data_cut) < datetime.fromisoformat(champion.data_cut):
            raise self._refusal(
                f"version {draft.version} learnt until {draft.data_cut}, before the champion's cut {champion.data_cut}",
                "update a later window; to serve an older version, roll back",
            )
        if draft.version in rolled_back(entries) and not (forced and draft.reason):
            raise self._refusal(
                f"version {draft.version} was rolled back and is not promoted again by an update",
                "promote it by hand with a reason, or update a later window",
            )

    def _refusal(self, what: str, mend: str) -> Refusal:
        return Refusal(what, where=self.where, mend=mend)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, OSError) as error:
            raise RegistryError(
                f"the ledger cannot be used: {getattr(error, 'orig', None) or error}",
                where=self.where,
                mend="start its database, mend TIDEGRAPH_LEDGER_URL, or restore it from a backup; then run this again",
            ) from error


def standing_promotions(entries: Sequence[Entry]) -> list[Entry]:
    """The promotions not undone, oldest first: the last is the champion's, the one before it the previous's."""
    standing: list[Entry] = []
    for entry in entries:
        if entry.kind == "promotion":
            standing.append(entry)
        else:
            standing.pop()
    return standing


def rolled_back(entries: Sequence[Entry]) -> set[str]:
    """The versions that a rollback took out of service."""
    return {entry.base_version for entry in entries if entry.kind == "rollback" and entry.base_version}


def _open_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_place(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)


def _make_table(engine: Engine) -> None:
    try:
        with engine.begin() as connection:
            connection.execute(CreateTable(_TABLE, if_not_exists=True))
    except DatabaseError:
        # on PostgreSQL, of two that make the table at once one fails in spite of IF NOT EXISTS
        if not inspect(engine).has_table(_TABLE.name):
            raise


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _read(connection: Connection) -> list[Entry]:
    rows = connection.execute(select(_TABLE).order_by(_TABLE.c.seq)).mappings()
    return [Entry(**row) for row in rows]


def _first_broken(entries: Sequence[Entry]) -> int | None:
    follows = GENESIS
    for number, entry in enumerate(entries, start=1):
        if entry.seq != number or entry.follows != follows or entry.hash != _hash(asdict(entry)):
            return entry.seq
        follows = entry.hash
    return None


def _chain(draft: Draft, entries: Sequence[Entry]) -> Entry:
    content = asdict(draft) | {
        "seq": len(entries) + 1,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "follows": entries[-1].hash if entries else GENESIS,
    }
    return Entry(**content, hash=_hash(content))


def _hash(content: dict[str, Any]) -> str:
    covered = {name: value for name, value in content.items() if name != "hash"}
    canonical = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _name(version: str | None) -> str:
    return f"version {version}" if version else "none"
