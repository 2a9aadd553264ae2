"""A home of its own to rebuild a version in: nothing that it holds or reaches is the real one's.

It has its own params, MLflow, ledger and DVC remote; of the real home it gets copies of snapshots, by tag, without the
rows of whoever asked to be forgotten: they do not come back in another folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from pipelines.context import Context, read_context
from pipelines.errors import ParamsError, StoreError
from pipelines.files import read_table, write_table, write_text
from pipelines.graphs.erasures import read_erasures, until_of
from pipelines.lineage.seen import Lineage
from pipelines.settings import Settings
from pipelines.snapshots.data_registry import open_data_registry

_NEVER = -(2**62)
"""µs before any event."""


def check_folder(folder: Path, home: Path) -> None:
    """StoreError where `folder` is not empty, or where it is part of the home, in which nothing is written."""
    if folder.resolve().is_relative_to(home):
        raise StoreError(
            "a version is not rebuilt inside the home it came from",
            where=str(folder),
            mend=f"name a folder outside of {home}",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(
            "a version is rebuilt in an empty folder, and this "
            + ("one holds something" if folder.is_dir() else "is a file"),
            where=str(folder),
            mend="name another folder, which is made where it is missing; what a rebuild that was cut off left may go",
        )


def open_sandbox(folder: Path, lineage: Lineage, real: Context, *, mlflow: Path) -> Context:
    """The context of a new home in `folder`, with the params and snapshots that `lineage` names; `mlflow` is the
    folder of its MLflow. ParamsError where this code cannot read the params of then."""
    settings = _settings(folder, real.settings, mlflow)
    write_text(settings.params, yaml.safe_dump(dict(lineage["params"]), sort_keys=False))
    sandbox = _context(settings, lineage, real.say)
    knew = lineage["knew"]
    real.say(f"reading back {len(knew)} snapshots, as the update of {lineage['window']} knew them")
    open_data_registry(real).read_back_all(
        {told["window"]: told["tag"] for told in knew},
        sandbox.path("registry", "partitions"),
        digests={told["window"]: told["digest"] for told in knew},
    )
    leave_out(until_of(read_erasures(real)), sandbox.path("registry", "partitions"))
    return sandbox


def leave_out(until: Mapping[str, int], partitions: Path) -> None:
    """Rewrite the files that hold rows which erasures cover, without these: of the erased, and of whoever named them,
    before the instant (µs) `until` of each."""
    for path in sorted(partitions.glob("*/*.parquet")) if until else ():
        rows = read_table(path)
        moment = "valid_from" if "valid_from" in rows else "occurred_at"
        at = rows[moment].astype("datetime64[us, UTC]").astype("int64")
        names = [name for name in ("user_id", "target_user_id") if name in rows]
        covered = [np.array([until.get(user, _NEVER) for user in rows[name]], np.int64) > at for name in names]
        if covered and any(each.any() for each in covered):
            write_table(path, rows[~np.logical_or.reduce(covered)].reset_index(drop=True))


def _settings(folder: Path, real: Settings, mlflow: Path) -> Settings:
    return replace(
        real,
        home=folder,
        params=folder / "params.yaml",
        drop=folder / "drop",
        mapping=None,  # what it says of the calendar is in the params of then
        mlflow_uri=f"sqlite:///{mlflow / 'mlflow.db'}",
        ledger_url=f"sqlite:///{folder / 'ledger.db'}",
        dvc_remote=str(folder / "dvc-remote"),
    )


def _context(settings: Settings, lineage: Lineage, say: Callable[[str], None]) -> Context:
    try:
        return read_context(say, settings.to_environment())
    except ParamsError as error:
        raise ParamsError(
            f"this code does not read the params of then: {error.what}",
            where=error.where,
            mend=f"check out the code of then, git commit {lineage.get('git_commit')}, and run the same command there",
        ) from error
