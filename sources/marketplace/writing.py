"""A simulation as files: a folder a window, the truth beside them, and a mapping that reads it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

import sources.marketplace.truth
from features.schema import FAULT, LANDED
from sources.connector import SourceFault
from sources.marketplace.catalogue import item_rows
from sources.marketplace.delivery import deliver
from sources.marketplace.people import user_rows
from sources.marketplace.readme import readme
from sources.marketplace.rows import to_arrow
from sources.marketplace.settings import SOURCE, Settings
from sources.marketplace.truth import WINDOW_TABLES
from sources.marketplace.world import World

SETTINGS = Path("truth") / "settings.json"
"""Below a simulation's folder: what it was asked for; who has this file is a simulation."""

_ROW_GROUP = 100_000
NEVER = ("target_user_id",)
"""What no simulated event has: a mapping that named it would be told of a missing column in every window."""
_PLAIN = ("event_id", "session_id", "occurred_at", "quantity", "value", "revision")


@dataclass(frozen=True)
class Written:
    """How many rows were written."""

    windows: int
    events: int
    users: int
    items: int


def write_simulation(world: World, folder: Path, say: Callable[[str], None]) -> Written:
    """Write all windows and the truth below the empty `folder`; tells `say` of each window. Same world, same bytes."""
    settings, told = world.settings, dict.fromkeys(LANDED, 0)
    (folder / "truth").mkdir()
    with Truths(folder / "truth") as truths:
        for window in range(settings.windows):
            rows = write_window(world, folder, window, truths)
            told = {name: told[name] + rows[name] for name in told}
            share = f"{window + 1}/{settings.windows}"
            say(f"simulated {settings.name_of(window)} ({share}): {rows['events']:,} events")
    for name, table in sources.marketplace.truth.TABLES.items():
        _write(folder / "truth" / f"{name}.parquet", table(world))
    _write_json(folder / "truth" / "schedule.json", sources.marketplace.truth.schedule(world))
    _write_json(folder / SETTINGS, settings.document())
    (folder / "mapping.yaml").write_text(_mapping(settings), encoding="utf-8")
    (folder / "README.md").write_text(readme(settings), encoding="utf-8")
    return Written(settings.windows, told["events"], told["users"], told["items"])


def read_world(folder: Path) -> World:
    """The world of a simulation that was written to `folder`. Raises SourceFault where there is none."""
    path = folder / SETTINGS
    try:
        return World(Settings.model_validate_json(path.read_bytes()))
    except (OSError, ValidationError) as error:
        raise SourceFault(
            f"{folder} holds no simulation", where=str(path), mend="name the folder that `tidegraph simulate` wrote"
        ) from error


def write_window(world: World, folder: Path, window: int, truths: Truths | None = None) -> dict[str, int]:
    """Write `folder/<window>/` alone, and what is true of its events; gives the rows by table."""
    settings = world.settings
    place = folder / settings.name_of(window)
    place.mkdir()
    flaw, days = settings.schedule().get(window), settings.days_of(window)
    with Sink(place / "events.parquet") as events:
        for part in deliver(world, window):
            events.add(to_arrow(part.rows, world, flaw))
            if truths:
                truths.add(part.truth)
    users, items = window_users(world, days), item_rows(world.catalogue, days, world.day_us(days))
    _write(place / "users.parquet", users)
    _write(place / "items.parquet", items)
    return {"events": events.rows, "users": len(users), "items": len(items)}


def window_users(world: World, days: range) -> pa.Table:
    """The users who are first seen on `days`; bots register like anybody, on the first day, and say nothing."""
    users = user_rows(world.people, days, world.day_us(days))
    bots = world.user_ids[len(world.people) :] if 0 in days else []
    if not len(bots):
        return users
    silent = {
        name: pa.nulls(len(bots), field.type) for name, field in zip(users.schema.names, users.schema, strict=True)
    }
    silent["user_id"] = bots
    silent["valid_from"] = pa.array([world.origin_us] * len(bots), pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    silent["extras"] = pa.repeat(users["extras"][0], len(bots))
    both = pa.concat_tables([users, pa.table(silent, schema=users.schema)])
    return both.sort_by([("valid_from", "ascending"), ("user_id", "ascending")])


class Sink:
    """A Parquet file that is given tables; rows wait until they fill a row group, so that memory stays bounded."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        self._waiting: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        if self._writer:
            self._writer.close()

    def add(self, table: pa.Table) -> None:
        self.rows += len(table)
        self._waiting.append(table)
        if sum(map(len, self._waiting)) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table, self._waiting = pa.concat_tables(self._waiting), []
        if self._writer is None:
            coded = [name for name in table.schema.names if name not in _PLAIN]
            # without Arrow's schema a column coded by words reads back as the words
            self._writer = pq.ParquetWriter(
                self.path, table.schema, compression="zstd", use_dictionary=coded, store_schema=False
            )
        self._writer.write_table(table, row_group_size=len(table))


class Truths:
    """The truth about single events, a file a table, filled while windows are written."""

    def __init__(self, folder: Path) -> None:
        self._sinks = {name: Sink(folder / f"{name}.parquet") for name in WINDOW_TABLES}

    def __enter__(self) -> Truths:
        return self

    def __exit__(self, *raised: object) -> None:
        for sink in self._sinks.values():
            sink.__exit__(None, None, None)

    def add(self, truth: dict[str, pa.Table]) -> None:
        for name, table in truth.items():
            self._sinks[name].add(table)


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd", store_schema=False)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _mapping(settings: Settings) -> str:
    lines = [
        "# Reads this simulation: point TIDEGRAPH_MAPPING at this file, and TIDEGRAPH_DROP at its folder.",
        f"name: {SOURCE}",
        "connector: files",
        f"window: {{first: {settings.start}, length: {settings.length}d}}",
        "tables:",
    ]
    for table, columns in LANDED.items():
        lines += [f"  {table}:", f'    from: {{paths: ["{{window}}/{table}.parquet"]}}', "    fields:"]
        lines += [f"      {name}: {name}" for name in columns if name not in (FAULT, *NEVER)]
    return "\n".join(lines) + "\n"
