"""A registry of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import tracking
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.params.file import read_params
from pipelines.settings import ROOT, read_settings


@pytest.fixture(scope="module")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def context(mlflow_uri: str, tmp_path: Path) -> Iterator[Context]:
    """Home, experiment and ledger of its own; the tracking database is shared, since making one takes seconds."""
    environment = {
        "TIDEGRAPH_HOME": str(tmp_path),
        "TIDEGRAPH_MLFLOW_URI": mlflow_uri,
        "TIDEGRAPH_MLFLOW_EXPERIMENT": tmp_path.name,
        "TIDEGRAPH_ACTOR": "tester",
    }
    context = Context(read_settings(environment), read_params(ROOT / "params.yaml"))
    yield context
    client = tracking.open_client(context)
    if client.search_registered_models(f"name = '{MODEL}'"):
        client.delete_registered_model(MODEL)
