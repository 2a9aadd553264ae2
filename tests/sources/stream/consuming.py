"""Consumers as tests run them: here, or in a process that may be killed; and the rows that they brought."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.settings import ROOT
from sources.connector import Place, Tables
from sources.mapping.spec import read_mapping
from sources.stream.connector import StreamSource
from sources.stream.listener import listen
from tests.sources.mapped import EVENT_FIELDS, START, WEEK, open_mapped
from tests.sources.stream.brokers import Broker

DAY = timedelta(days=1)
PATIENCE = 60
"""Seconds to wait for a message that must come: some brokers notice only after half a minute that a consumer died."""


def event(number: int, **more: Any) -> bytes:
    row = {"id": f"e{number:04}", "visitor": "ann", "item": "tea", "action": "view", "at": "2024-01-08T09:00:00Z"}
    return json.dumps(row | {"quantity": 1} | more).encode()


def source(folder: Path, kind: str = "redis", topic: str = "events", **options: Any) -> StreamSource:
    content = {"broker": kind, "url_env": "SHOP_BROKER", "redeliver_after_seconds": 0.1, **options}
    tables = {"events": {"from": {"topic": topic}, "fields": EVENT_FIELDS}}
    connector = open_mapped(folder, connector="stream", options=content, tables=tables)
    assert isinstance(connector, StreamSource)
    return connector


def source_of(folder: Path, broker: Broker, **options: Any) -> StreamSource:
    """A source of events at `broker`'s topic."""
    return source(folder, broker.kind, broker.topic, redeliver_after_seconds=broker.redeliver_after, **options)


def place(folder: Path) -> Place:
    return Place(folder / "drop", folder / "state", START, WEEK)


def receive(folder: Path, enough: int) -> int:
    """Listen until `enough` messages have been acknowledged; gives how many of them were new."""
    mapping = read_mapping(folder / "mapping.yaml")
    return listen(mapping, place(folder), say=lambda _: None, idle=PATIENCE, enough=enough)


def child(folder: Path, death: str = "never", idle: float = 30) -> subprocess.Popen[str]:
    script = [sys.executable, str(Path(__file__).with_name("listening.py")), str(folder / "mapping.yaml")]
    command = [*script, str(folder / "state"), death, str(idle)]
    return subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def today(connector: StreamSource) -> Tables:
    now = datetime.now(UTC)
    return connector.collect(now - DAY, now + DAY, "today")


def window(connector: StreamSource, week: int) -> Tables:
    start = START + week * WEEK
    return connector.collect(start, start + WEEK, f"{start:%Y-%m-%d}")


def ids(connector: StreamSource) -> list[str]:
    return sorted(today(connector).events["event_id"])
