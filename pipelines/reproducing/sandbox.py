"""A home of its own to rebuild a version in: nothing that it holds or reaches is the real one's.

It has its own params, MLflow, ledger and DVC remote; of the real home it gets copies of snapshots, by tag, and the
requests for erasure, so that nobody who asked to be forgotten comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from pipelines.context import Context, read_context
from pipelines.data_registry import open_data_registry
from pipelines.erasures import read_erasures
from pipelines.errors import ParamsError, StoreError
from pipelines.files import write_json, write_text
from pipelines.lineage.seen import Lineage
from pipelines.settings import Settings


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
            "a version is rebuilt in an empty folder, and this one holds something",
            where=str(folder),
            mend="name another folder; it is made where it is missing",
        )


def open_sandbox(folder: Path, lineage: Lineage, real: Context, *, mlflow: Path) -> Context:
    """The context of a new home in `folder`, with the params and snapshots that `lineage` names; `mlflow` is the
    folder of its MLflow. ParamsError where this code cannot read the params of then."""
    settings = _settings(folder, real.settings, mlflow)
    write_text(settings.params, yaml.safe_dump(dict(lineage["params"]), sort_keys=False))
    sandbox = _context(settings, lineage, real.say)
    write_json(sandbox.path("erasures.json"), [asdict(each) for each in read_erasures(real)])
    knew = lineage["knew"]
    real.say(f"reading back {len(knew)} snapshots, as the update of {lineage['window']} knew them")
    open_data_registry(real).read_back_all(
        {told["window"]: told["tag"] for told in knew},
        sandbox.path("registry", "partitions"),
        digests={told["window"]: told["digest"] for told in knew},
    )
    return sandbox


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
