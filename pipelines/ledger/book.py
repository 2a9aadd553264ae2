"""The ledger: the append-only, hash-chained record of promotions, rollbacks and freezes; it alone says who is champion.

Each entry names the hash of the one it follows, under a unique constraint: of two promotions that race from the same
champion the database lets one in. The first follows GENESIS, a constant, since SQL admits NULL any number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, OperationalError

from pipelines.errors import RegistryError
from pipelines.ledger.entries import Draft, Entry, chain, first_broken
from pipelines.ledger.rules import object_to, standing_promotions
from pipelines.ledger.table import make_table, open_engine, read_entries, sqlite_file, write_entry

__all__ = ["Draft", "Entry", "Ledger", "Refusal"]

_ATTEMPTS = 20


class Refusal(RegistryError):
    """The ledger was asked for what its rules forbid; nothing was entered."""


class Ledger:
    """The ledger at `url`: SQLite (made with its folder on first use) or PostgreSQL."""

    def __init__(self, url: str) -> None:
        try:
            self.where = make_url(url).render_as_string(hide_password=True)
            self._engine = open_engine(url)
            self._file = sqlite_file(url)
        except (ArgumentError, ImportError) as error:
            raise RegistryError(
                f"the ledger's address cannot be used: {error}",
                where="TIDEGRAPH_LEDGER_URL",
                mend="write sqlite:////path/ledger.db or postgresql://…, which needs `pip install psycopg[binary]`",
            ) from error

    def entries(self) -> list[Entry]:
        """All entries, oldest first. Looking makes no database: where there is none, there are no entries."""
        if self._file is not None and not self._file.exists():
            return []
        with self._reachable(), self._engine.connect() as connection:
            return read_entries(connection)

    def champion(self) -> Entry | None:
        """The promotion of the version that serves."""
        standing = standing_promotions(self.entries())
        return standing[-1] if standing else None

    def previous(self) -> Entry | None:
        """The promotion of the version a rollback would restore."""
        standing = standing_promotions(self.entries())
        return standing[-2] if len(standing) > 1 else None

    def append(self, draft: Draft, *, forced: bool = False) -> Entry:
        """Enter `draft` if its `previous_version` still serves; an act entered before is given back as it stands.

        Raises Refusal when the champion changed, promotions are frozen, the data cut is older than the champion's, or
        the version was rolled back before and `forced` is not set (it asks for a reason).
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
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            make_table(self._engine)
            with self._engine.begin() as connection:
                entries = read_entries(connection)
                self._refuse_broken(entries)
                done = [entry for entry in entries if entry.update_key == draft.update_key]
                if done:
                    return done[0]
                entry = self._judge(draft, entries, forced)
                write_entry(connection, asdict(entry))
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
        return first_broken(self.entries())

    def _judge(self, draft: Draft, entries: Sequence[Entry], forced: bool) -> Entry:
        objection = object_to(draft, entries, datetime.now(UTC), forced=forced)
        if objection is not None:
            raise Refusal(objection.what, where=self.where, mend=objection.mend)
        standing = standing_promotions(entries)
        return chain(draft, entries, standing[-1].version if standing else None)

    def _refuse_broken(self, entries: Sequence[Entry]) -> None:
        broken = first_broken(entries)
        if broken is not None:
            raise Refusal(
                f"entry {broken} of the ledger is not as it was written; nothing is entered after it",
                where=self.where,
                mend="restore the ledger from a backup of before the change; the champion keeps serving",
            )

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
