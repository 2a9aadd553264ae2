"""A crawl of a shop: which pages are read, what a change of one brings, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from features.schema import LANDED
from pipelines.settings import ROOT
from sources.connector import SourceFault
from tests.sources.catalogue_crawler.crawling import Make, go, today
from tests.sources.catalogue_crawler.shop_pages import Shop, json_ld, product
from tests.sources.mapped import as_bytes
from tests.sources.rough_server import Answer, RoughServer, running


def test_a_crawl_reads_what_is_allowed_and_lands_each_product_once(
    tmp_path: Path, server: RoughServer, make: Make
) -> None:
    with running() as stranger:
        server.reply = Shop(stranger.url)
        connector, before = make(), pd.Timestamp(datetime.now(UTC))
        done = go(tmp_path)
        assert stranger.asked == []
    assert (done.products, done.changed, done.complete) == (3, 3, True)
    paths = [asked.path for asked in server.asked]
    assert "/secret/gin" not in paths
    assert len(paths) == len(set(paths))
    assert {asked.headers["user-agent"] for asked in server.asked} == {"tidegraph-test"}
    items = today(connector).items
    assert sorted(items["item_id"]) == ["bread", "jam", "tea"]
    assert items["fault"].isna().all()
    assert (items["valid_from"] >= before).all()
    assert items.set_index("item_id")["category"]["tea"] == "Drinks > Tea"
    assert {name: str(dtype) for name, dtype in items.dtypes.items()} == LANDED["items"]
    assert as_bytes(today(connector)) == as_bytes(today(connector))


def test_only_a_changed_page_gives_a_new_row_and_unchanged_ones_are_not_sent_again(
    tmp_path: Path, shop: Shop, make: Make
) -> None:
    connector = make()
    go(tmp_path)
    first = today(connector).items
    shop.pages["/tea"] = shop.pages["/tea"].replace("2.50", "2.75")
    shop.pages["/about"] += "<p>news</p>"
    assert go(tmp_path).changed == 1
    assert shop.not_modified >= 3
    shop.pages["/tea"] = shop.pages["/tea"].replace("2.75", "2.50")
    assert go(tmp_path).changed == 1
    tea = today(connector).items.query("item_id == 'tea'")
    assert list(tea["price"]) == [2.5, 2.75, 2.5]
    assert tea["valid_from"].is_monotonic_increasing and tea["valid_from"].is_unique
    assert len(today(connector).items) == len(first) + 2


def test_a_crawl_stops_at_its_page_budget_and_the_next_one_goes_on(
    tmp_path: Path, server: RoughServer, make: Make
) -> None:
    goods = {f"/p{number}": json_ld(product(f"p{number}")) for number in range(9)}
    shop = Shop()
    shop.pages = {"/": "".join(f'<a href="{path}">x</a>' for path in goods), **goods}
    server.reply = shop
    connector = make(max_pages=6)
    first = go(tmp_path)
    assert not first.complete
    assert len(server.asked) <= 8
    while not go(tmp_path).complete:
        assert len(server.asked) < 30
    assert len(today(connector).items) == 9
    assert len([asked for asked in server.asked if asked.path in goods]) == 9


def test_a_crawl_that_was_killed_is_done_again_and_misses_nothing(
    tmp_path: Path, server: RoughServer, shop: Shop, make: Make
) -> None:
    connector = make()
    crawler: list[int] = []

    def deadly(asked: Any) -> Answer:
        if asked.path == "/jam" and not crawler:
            crawler.append(1)
            for child in _children(running_crawl.pid):
                os.kill(child, signal.SIGKILL)
        return shop(asked)

    server.reply = deadly
    code = f"""
from pathlib import Path
from tests.sources.catalogue_crawler.crawling import go
from sources.connector import SourceFault
try:
    go(Path({str(tmp_path)!r}))
except SourceFault as fault:
    print(fault)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running_crawl = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    assert "exit code -9" in running_crawl.communicate(timeout=60)[0]
    assert go(tmp_path).complete
    assert sorted(today(connector).items["item_id"]) == ["bread", "jam", "tea"]


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def test_a_shop_that_forbids_everything_is_a_fault(tmp_path: Path, shop: Shop, make: Make) -> None:
    shop.robots = "User-agent: *\nDisallow: /\n"
    make()
    with pytest.raises(SourceFault, match=r"robots\.txt"):
        go(tmp_path)
