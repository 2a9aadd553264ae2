"""Which connectors there are, by the name that `collect.connector` in params.yaml gives."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sources.complete_journey import CompleteJourney
from sources.connector import Connector, SourceFault
from sources.files import DropFolder


def open_connector(name: str, drop: Path, first_start: datetime) -> Connector:
    """The connector called `name`; `drop` is the folder that `files` reads."""
    if name == CompleteJourney.name:
        return CompleteJourney(first_start)
    if name == DropFolder.name:
        return DropFolder(first_start, drop)
    raise SourceFault(
        f"unknown connector {name!r}",
        where="collect.connector in params.yaml",
        mend=f"use {CompleteJourney.name} or {DropFolder.name}",
    )
