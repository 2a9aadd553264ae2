"""A shop in which version 2 serves after version 1, and whose next window is not collected yet."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.context import Context, read_context
from tests.drop import copy_home


@pytest.fixture
def context(updated: Path, tmp_path: Path) -> Context:
    """A copy, whose watch is content with as few users as the shop has."""
    variables = copy_home(updated, tmp_path / "shop")
    params = yaml.safe_load(Path(variables["TIDEGRAPH_PARAMS"]).read_text(encoding="utf-8"))
    params["watch"] |= {"min_users": 20, "min_days": 3}
    Path(variables["TIDEGRAPH_PARAMS"]).write_text(yaml.safe_dump(params), encoding="utf-8")
    return read_context(environment=variables)
