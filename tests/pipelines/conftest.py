"""What tests of commands begin with, and those that ask where something came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.context import Context, read_context
from pipelines.jobs import update_job
from pipelines.runner import run_all
from pipelines.settings import ROOT
from tests.drop import UNTIL, copy_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything in it, and the shipped params, as the environment says it to commands."""
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDEGRAPH_PARAMS", str(ROOT / "params.yaml"))
    monkeypatch.delenv("TIDEGRAPH_MAPPING", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def traced(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop after its bootstrap and one update, which an Airflow run made; tests work on a copy."""
    folder = tmp_path_factory.mktemp("traced") / "shop"
    context = read_context(environment=copy_home(bootstrapped, folder))
    run_all(update_job(UNTIL, context, airflow_run="manual__7"), context)
    return folder


@pytest.fixture
def variables(updated: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a shop of its own, a copy of the one after its update; whoever begins elsewhere says where."""
    return copy_home(updated, tmp_path / "shop")


@pytest.fixture
def context(variables: dict[str, str]) -> Context:
    return read_context(environment=variables)
