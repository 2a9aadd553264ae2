"""A shop's product pages: what they say, which of them are read, and what a change of one brings."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
import yaml

from features.schema import LANDED
from pipelines.settings import ROOT
from sources.catalogue_crawler.connector import CatalogueCrawler
from sources.catalogue_crawler.crawl import Crawled, crawl, page_spool
from sources.catalogue_crawler.products import read_product
from sources.connector import Place, SourceFault, Tables
from sources.mapping.spec import read_mapping
from sources.spool import Message
from tests.sources.mapped import START, WEEK, as_bytes, collect, fingerprint, open_mapped
from tests.sources.rough_server import Answer, RoughServer, running
from tests.sources.shop_pages import MICRODATA, Shop, json_ld, product, trail

DAY = timedelta(days=1)
URL = "https://shop.example/drinks/tea?x=1"


def page(*things: Any) -> dict[str, Any]:
    found = read_product(f"<html>{json_ld(*things)}</html>", URL)
    assert found is not None
    return found


def test_a_product_in_json_ld_gives_every_field_of_an_item() -> None:
    told = product("tea", brand={"@type": "Brand", "name": "Leaf"}, image=["/a.png", "/b.png"], description="A\n  b")
    assert page(trail("Shop", "Drinks", "Tea", "tea"), told) == {
        "item_id": "tea",
        "title": "tea",
        "category": ["Drinks", "Tea"],
        "brand": "Leaf",
        "price": 2.5,
        "currency": "EUR",
        "image_url": "https://shop.example/a.png",
        "description": "A b",
        "url": URL,
    }


def test_a_product_in_microdata_gives_the_same_fields() -> None:
    found = read_product(MICRODATA, URL)
    assert found is not None
    assert found["title"] == "Plum jam"
    assert (found["item_id"], found["brand"], found["price"]) == ("jam", "Kettle", 1234.5)
    assert found["image_url"] == "https://shop.example/jam.png"
    assert found["description"] == "Sweet & dark"


PRICES: dict[str, tuple[Any, float | None]] = {
    "a number": (2.5, 2.5),
    "a text": ("2.50", 2.5),
    "a comma and a sign": ("1.234,50 €", 1234.5),
    "a point and a sign": ("$1,234.50", 1234.5),
    "words": ("ask us", None),
    "nothing": (None, None),
    "true": (True, None),
}


@pytest.mark.parametrize(("said", "price"), PRICES.values(), ids=PRICES)
def test_a_price_is_read_as_people_write_it(said: Any, price: float | None) -> None:
    assert page(product("tea", said)).get("price") == price


def test_of_several_offers_the_cheapest_counts() -> None:
    offers = [{"price": "3"}, {"@type": "AggregateOffer", "lowPrice": "2.75", "priceCurrency": "CHF"}, {"price": "x"}]
    found = page(product("tea", offers=offers))
    assert (found["price"], found["currency"]) == (2.75, "CHF")


def test_a_product_is_found_in_a_graph_and_behind_a_broken_script() -> None:
    broken = '<script type="application/ld+json">{"@type": "Product", </script>'
    inside = json_ld({"@graph": [{"@type": "WebPage"}, product("tea", category="Drinks / Tea")]})
    found = read_product(broken + inside, URL)
    assert found is not None
    assert found["category"] == ["Drinks", "Tea"]


def test_an_item_without_a_number_of_its_own_bears_its_address() -> None:
    assert page({"@type": ["Thing", "http://schema.org/Product"], "name": "tea"})["item_id"] == URL


ODD: dict[str, str] = {
    "nothing": "",
    "no product": "<p>hello</p>",
    "a list of nonsense": json_ld([1, None, "x", [[]]]),
    "nested without end": f'<script type="application/ld+json">{"[" * 100_000}</script>',
    "no types": json_ld({"@type": None, "name": "tea"}),
}


@pytest.mark.parametrize("html", ODD.values(), ids=ODD)
def test_a_page_without_a_product_gives_none(html: str) -> None:
    assert read_product(html, URL) is None


@pytest.mark.parametrize(
    "more",
    [
        {"offers": "free"}, {"offers": [None, 1]}, {"brand": 7}, {"image": {"url": None}}, {"image": 3},
        {"name": ["a"]},
        {"category": {"name": "x"}}, {"sku": {"@value": "s"}}, {"description": "\ud800"}, {"offers": {"price": ["1"]}},
    ],
)  # fmt: skip
def test_odd_values_never_break_a_page(more: dict[str, Any]) -> None:
    steps = {"@type": "BreadcrumbList", "itemListElement": ["x", {"position": "first", "item": 3, "name": {"a": 1}}]}
    assert page(steps, product("tea") | more)["url"] == URL


@pytest.fixture
def server() -> Iterator[RoughServer]:
    with running() as server:
        yield server


@pytest.fixture
def shop(server: RoughServer) -> Shop:
    shop = Shop()
    server.reply = shop
    return shop


Make = Callable[..., CatalogueCrawler]


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


def go(folder: Path) -> Crawled:
    return crawl(read_mapping(folder / "mapping.yaml"), Place(folder / "drop", folder / "state", START, WEEK))


def today(connector: CatalogueCrawler) -> Tables:
    now = datetime.now(UTC)
    return connector.collect(now - DAY, now + DAY, "today")


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
from tests.sources.test_catalogue_crawler import go
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


def test_events_come_from_the_source_beside_and_its_items_join_the_crawled_ones(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE_URL", f"sqlite:///{tmp_path / 'shop.db'}")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("CREATE TABLE sales (user_id, item_id, event_type, occurred_at)")
        database.execute("INSERT INTO sales VALUES ('ann', 'tea', 'view', '2024-01-08T09:00:00Z')")
        database.commit()
    tables = {
        "events": {"from": {"table": "sales", "watermark": "occurred_at"}},
        "items": {"from": {"query": "SELECT 'salt' AS item_id"}},
    }
    content = {"name": "sales", "connector": "sql", "options": {"url_env": "SHOP_DATABASE_URL"}, "tables": tables}
    (tmp_path / "sales.yaml").write_text(yaml.safe_dump(content))
    connector = make(beside="sales.yaml")
    spool = page_spool(read_mapping(tmp_path / "mapping.yaml"), Place(tmp_path, tmp_path / "state", START, WEEK))
    spool.put([Message("pages", "u 000001", b'{"item_id": "tea", "valid_from": "2024-01-09T00:00:00Z"}')], START)
    found, before = collect(connector), fingerprint(connector)
    assert list(found.events["user_id"]) == ["ann"]
    assert list(found.items["item_id"]) == ["salt", "tea"]
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("UPDATE sales SET event_type = 'purchase'")
        database.commit()
    assert fingerprint(connector) != before


def test_a_shop_that_was_never_crawled_says_how(make: Make) -> None:
    with pytest.raises(SourceFault, match="never crawled") as caught:
        today(make())
    assert "tidegraph stream crawl" in caught.value.mend


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"start_urls": ["https://elsewhere.example/"]}, "none of the hosts"),
        ({"start_urls": ["file:///etc/passwd"]}, "none of the hosts"),
        ({"user_agent": "x\ny: z"}, "user_agent"),
        ({"tables": {"events": {}}}, "items"),
    ],
)
def test_a_wrong_option_is_named(make: Make, options: dict[str, Any], what: str) -> None:
    with pytest.raises(SourceFault, match=what):
        make(**options)
