"""What many tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.context import read_context
from pipelines.jobs import bootstrap_job
from pipelines.runner import run_all
from tests.drop import UNTIL, environment


@pytest.fixture(scope="session")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop after its bootstrap; tests work on a copy (`tests.drop.copy_home`), never on this one."""
    folder = tmp_path_factory.mktemp("bootstrapped") / "shop"
    context = read_context(environment=environment(folder))
    run_all(bootstrap_job(UNTIL, context), context)
    return folder
