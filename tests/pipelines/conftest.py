"""What tests of commands begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import ROOT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything in it, and the shipped params, as the environment says it to commands."""
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDEGRAPH_PARAMS", str(ROOT / "params.yaml"))
    monkeypatch.delenv("TIDEGRAPH_MAPPING", raising=False)
    return tmp_path / "home"
