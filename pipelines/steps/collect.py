"""Collect: what the source says about each window of the job, as `landing/<window>/`."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.schema import TABLES
from pipelines.context import Context
from pipelines.errors import StoreError, WindowError
from pipelines.files import digest_json, read_json, whole_folder, write_json, write_table
from pipelines.jobs import Job
from pipelines.mapping.connecting import open_source, source_faults
from pipelines.windows import Window
from sources.connector import Connector, Tables

MANIFEST = "manifest.json"


def run(job: Job, context: Context) -> dict[str, Any]:
    """Collect the job's windows; a landing whose source has not changed since is kept as it is.

    Returns `{"windows": {name: {"events", "users", "items", "digest"}}, "outputs"}`: rows by table, digest of the
    landing; and the files, below the home folder, that show it is there.
    """
    connector = open_source(context)
    _refuse_future(connector, job, context)
    landed = {}
    for position, window in enumerate(job.windows, start=1):
        manifest = _collect(connector, window, context)
        context.say(f"collected {window.name} ({position}/{len(job.windows)}): {manifest['rows']['events']:,} events")
        landed[window.name] = {**manifest["rows"], "digest": manifest["digest"]}
    return {"windows": landed, "outputs": [f"landing/{name}/{MANIFEST}" for name in landed]}


def fingerprint(job: Job, context: Context) -> dict[str, Any]:
    """The state of the source for the job's windows; it changes when collecting again could give something else."""
    connector = open_source(context)
    with source_faults():
        prints = {w.name: connector.fingerprint(w.start, w.end, w.name) for w in job.windows}
    return {"connector": connector.name, "windows": prints}


def _refuse_future(connector: Connector, job: Job, context: Context) -> None:
    with source_faults():
        last = connector.last_event_at()
    now = datetime.now(UTC)
    if last and last > now:
        context.say(
            f"the source has events dated later than now, as late as {last:%Y-%m-%d}: they wait for their window"
        )
    known, until = ("the source's last event is", last) if last else ("it is now", now)
    if job.window.start > until:
        raise WindowError(
            f"window {job.name} lies in the future: {known} {until:%Y-%m-%d %H:%M:%S} UTC",
            where=f"source {connector.name}",
            mend="name a window that starts earlier",
        )


def _collect(connector: Connector, window: Window, context: Context) -> dict[str, Any]:
    """Bring one window in, unless its landing is whole and its source unchanged; returns the landing's manifest."""
    folder = context.path("landing", window.name)
    with source_faults():
        source = connector.fingerprint(window.start, window.end, window.name)
        kept = _kept(folder, source)
        if kept is not None:
            return kept
        tables = connector.collect(window.start, window.end, window.name)
        files = connector.files(window.start, window.end, window.name)
    for note in tables.notes:
        context.say(f"{window.name}: {note}")
    origin = {"connector": connector.name, "fingerprint": source, "window": window.name, "files": files}
    return _land(folder, tables, origin)


def _land(folder: Path, tables: Tables, origin: dict[str, Any]) -> dict[str, Any]:
    with whole_folder(folder) as beside:
        for name in TABLES:
            write_table(beside / f"{name}.parquet", getattr(tables, name))
        rows = {name: len(getattr(tables, name)) for name in TABLES}
        manifest = {**origin, "rows": rows, "digest": _digest(beside), "notes": list(tables.notes)}
        write_json(beside / MANIFEST, manifest)
    return manifest


def _kept(folder: Path, source: str) -> dict[str, Any] | None:
    """The manifest of a landing that is whole and came from the source as it is now; None otherwise."""
    if not (folder / MANIFEST).exists():
        return None
    try:
        manifest: dict[str, Any] = read_json(folder / MANIFEST)
        whole = manifest["fingerprint"] == source and manifest["digest"] == _digest(folder)
    except (StoreError, OSError, KeyError, TypeError):
        return None  # damaged: collecting again mends it
    return manifest if whole else None


def _digest(folder: Path) -> str:
    """SHA-256 over the bytes of the landing's tables."""
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    return digest_json({name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()})
