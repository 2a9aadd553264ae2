"""A rough server, and a mapping opened on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.http_api.connector import HttpApi
from tests.sources.http_api.shop_api import KEY, WINDOW, Make
from tests.sources.mapped import EVENT_FIELDS, open_mapped
from tests.sources.rough_server import RoughServer, running


@pytest.fixture
def server() -> Iterator[RoughServer]:
    with running() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def make(tmp_path: Path, server: RoughServer, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("SHOP_TOKEN", KEY)

    def opened(rows: dict[str, Any] | None = None, tables: dict[str, Any] | None = None, **options: Any) -> HttpApi:
        events = {"from": {"path": "/events", "params": WINDOW, **(rows or {})}, "fields": EVENT_FIELDS}
        content = {"base_url": server.url, "bearer_env": "SHOP_TOKEN", **options}
        connector = open_mapped(tmp_path, connector="http_api", options=content, tables=tables or {"events": events})
        assert isinstance(connector, HttpApi)
        connector._sleep = waits.append
        return connector

    return opened
