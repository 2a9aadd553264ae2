"""A small shop on a real server, and a mapping that crawls it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.catalogue_crawler.connector import CatalogueCrawler
from tests.sources.catalogue_crawler.crawling import Make
from tests.sources.catalogue_crawler.shop_pages import Shop
from tests.sources.mapped import open_mapped
from tests.sources.rough_server import RoughServer, running


@pytest.fixture
def server() -> Iterator[RoughServer]:
    with running() as server:
        yield server


@pytest.fixture
def shop(server: RoughServer) -> Shop:
    shop = Shop()
    server.reply = shop
    return shop


@pytest.fixture
def make(tmp_path: Path, server: RoughServer) -> Make:
    def opened(tables: dict[str, Any] | None = None, **options: Any) -> CatalogueCrawler:
        host = server.url.removeprefix("http://")
        content = {
            "start_urls": [f"{server.url}/"],
            "hosts": [host],
            "user_agent": "tidegraph-test",
            "delay_seconds": 0,
        }
        found = open_mapped(
            tmp_path, connector="catalogue_crawler", options=content | options, tables=tables or {"items": {}}
        )
        assert isinstance(found, CatalogueCrawler)
        return found

    return opened
