"""Settings below a folder of the test's own."""

from __future__ import annotations

import pytest

from pipelines.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    (tmp_path / "home").mkdir()
    return read_settings({"TIDEGRAPH_HOME": str(tmp_path / "home")})
