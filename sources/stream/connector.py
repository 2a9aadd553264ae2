"""Messages of a broker: what a consumer received in a window is that window's rows, each once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from features.schema import EXTRAS, FAULT, LANDED, REQUIRED, empty
from sources.connector import Connector, Place, SourceFault, Tables, digest
from sources.landing import as_tables, mapped_tables
from sources.mapping.records import to_table
from sources.mapping.spec import Mapping, rules_of
from sources.stream.options import spool_of, stream_options, stream_rows

CHUNK = 50_000
SHOWN = 80


class StreamSource(Connector):
    """Reads the spool that `tidegraph stream listen` fills. Asking for a window that is over closes it for good."""

    def __init__(self, mapping: Mapping, place: Place) -> None:
        super().__init__(place.first_start)
        stream_options(mapping)
        self.name, self._mapping = mapping.name, mapping
        self._tables = mapped_tables(mapping, place.first_start)
        self._topics = {table: rows.topic for table, rows in stream_rows(mapping).items()}
        self._spool = spool_of(mapping, place)

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        self._close(end)
        return as_tables(
            {table: mapped.joined(self._parts(table, start, end)) for table, mapped in self._tables.items()}
        )

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        self._close(end)
        sums = [self._spool.digest(topic, start, end) for topic in self._topics.values()]
        return digest(self.name, self._mapping.digest(), start.isoformat(), end.isoformat(), *sums)

    def last_event_at(self) -> None:
        return None

    def _close(self, end: datetime) -> None:
        if not self._spool.path.exists():
            raise SourceFault(
                "no message was ever received",
                where=str(self._spool.path),
                mend=f"run `tidegraph stream listen {self._mapping.path}` beside the updates",
            )
        if end <= datetime.now(UTC):
            self._spool.close_until(end)

    def _parts(self, table: str, start: datetime, end: datetime) -> Iterator[pd.DataFrame]:
        mapped = self._tables[table]
        wanted = {column for rule in rules_of(table, mapped.spec).values() for column in rule.columns}
        for chunk in self._spool.bodies(self._topics[table], start, end, CHUNK):
            read = [(identity, body, _object(body)) for identity, body in chunk]
            good = [(body, record) for _, body, record in read if record is not None]
            if good:
                rows = mapped.shaped(to_table([record for _, record in good], sorted(wanted)), start)
                yield _with_raw(rows, table, [body for body, _ in good])
            yield _unreadable(table, self.name, start, [(name, body) for name, body, record in read if record is None])


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a message; None where there is none."""
    try:
        content = json.loads(body.decode("utf-8-sig"), parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _with_raw(rows: pd.DataFrame, table: str, bodies: list[bytes]) -> pd.DataFrame:
    """A field that must be there and is not becomes a fault; a row with a fault keeps the message as it came."""
    for column in REQUIRED[table]:
        missing = rows[column].isna() & ~rows[FAULT].str.contains(f"{column}:", regex=False, na=False)
        told = rows.loc[missing, FAULT].fillna("").map(lambda said: f"{said}; " if said else "")
        rows.loc[missing, FAULT] = told + f"{column}: is missing"
    for index in rows.index[rows[FAULT].notna()]:
        extras = rows.at[index, EXTRAS]
        rows.at[index, EXTRAS] = _raw(bodies[index], json.loads(extras) if isinstance(extras, str) else {})
    return rows


def _unreadable(table: str, source: str, start: datetime, messages: list[tuple[str, bytes]]) -> pd.DataFrame:
    """A row for each message that is no JSON object: nothing but its text and its fault."""
    rows = empty(table, LANDED).reindex(range(len(messages)))
    texts = [body.decode("utf-8", "backslashreplace") for _, body in messages]
    rows[FAULT] = pd.Series([f"message: {text[:SHOWN]!r} is no JSON object" for text in texts], dtype="str")
    rows[EXTRAS] = pd.Series([_raw(body, {}) for _, body in messages], dtype="str")
    if table == "events":
        names = [hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name, _ in messages]
        rows["event_id"] = pd.Series(names, dtype="str")
        rows["source"] = pd.Series([source] * len(messages), dtype="str")
        rows["revision"] = 0
        return rows.astype(LANDED[table])
    return rows.assign(valid_from=pd.Timestamp(start)).astype(LANDED[table])


def _raw(body: bytes, extras: dict[str, Any]) -> str:
    return json.dumps(extras | {"raw": body.decode("utf-8", "backslashreplace")}, sort_keys=True, ensure_ascii=False)
