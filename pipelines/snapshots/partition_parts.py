"""What a window's partition is put together from: its accepted rows, and what later windows added to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipelines.context import Context
from pipelines.files import whole_folder, write_table
from pipelines.snapshots.accepted_files import read_accepted
from pipelines.snapshots.partitions import ADDED, event_files
from pipelines.windows import Window

_KEY = ["event_id", "revision"]


def partition_folder(window: str, context: Context, *, beside: Path) -> Path:
    """A folder with all of the window's partition: its accepted rows themselves, or a copy with the additions.

    An added event that the window has come to hold itself, since it was dropped anew, counts once: as its own.
    """
    accepted, added = context.path("accepted", window), _added(window, context)
    if not added:
        return accepted
    own = pd.MultiIndex.from_frame(read_accepted(accepted / "events.parquet", "events", _KEY))
    with whole_folder(beside / window) as folder:
        shutil.copytree(accepted, folder, dirs_exist_ok=True)
        for name, path in added.items():
            rows = read_accepted(path, "events")
            new = rows[~pd.MultiIndex.from_frame(rows[_KEY]).isin(own)]
            write_table(folder / f"{name}.parquet", new.reset_index(drop=True))
    return beside / window


def revised_by(windows: Iterable[Window], context: Context) -> set[str]:
    """The earlier windows whose partitions these windows add to now, or added to when they were snapshotted before."""
    names = {window.name for window in windows}
    now = {path.stem for name in names for path in context.path("late", name).glob("*.parquet")}
    before = {file.belongs for file in event_files(context) if file.arrived in names and file.arrived != file.belongs}
    return (now | before) - names


def _added(window: str, context: Context) -> dict[str, Path]:
    """Files that other windows' arrivals add to a partition, by the name they have in it."""
    found = {}
    for kind in ADDED:
        for path in sorted(context.path(kind).glob(f"*/{window}.parquet")):
            if not path.parent.name.startswith("."):
                found[f"{kind}-{path.parent.name}"] = path
    return found
