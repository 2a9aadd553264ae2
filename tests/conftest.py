"""What many tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.context import read_context
from pipelines.jobs import bootstrap_job, update_job
from pipelines.runner import run_all
from tests.drop import UNTIL, copy_home, environment, small_params


@pytest.fixture(scope="session")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop after its bootstrap; tests work on a copy (`tests.drop.copy_home`), never on this one."""
    folder = tmp_path_factory.mktemp("bootstrapped") / "shop"
    context = read_context(environment=environment(folder))
    run_all(bootstrap_job(UNTIL, context), context)
    return folder


@pytest.fixture(scope="session")
def updated(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop after the update of UNTIL, whose graph is verified; version 2 serves. Tests work on a copy."""
    folder = tmp_path_factory.mktemp("updated") / "shop"
    variables, params = copy_home(bootstrapped, folder), small_params()
    params["refresh"]["verify_every"] = 5
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    context = read_context(environment=variables)
    assert run_all(update_job(UNTIL, context), context)["promote"]["promoted"]
    return folder
