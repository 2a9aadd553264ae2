"""A crawl as tests run it, and the rows that it brought today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sources.catalogue_crawler.connector import CatalogueCrawler
from sources.catalogue_crawler.crawl import Crawled, crawl
from sources.connector import Place, Tables
from sources.mapping.spec import read_mapping
from tests.sources.mapped import START, WEEK

DAY = timedelta(days=1)
Make = Callable[..., CatalogueCrawler]


def go(folder: Path) -> Crawled:
    return crawl(read_mapping(folder / "mapping.yaml"), Place(folder / "drop", folder / "state", START, WEEK))


def today(connector: CatalogueCrawler) -> Tables:
    now = datetime.now(UTC)
    return connector.collect(now - DAY, now + DAY, "today")
