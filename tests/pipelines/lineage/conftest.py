"""A shop of its own for each test that asks where something came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drop import copy_home


@pytest.fixture
def variables(traced: Path, tmp_path: Path) -> dict[str, str]:
    return copy_home(traced, tmp_path / "shop")
