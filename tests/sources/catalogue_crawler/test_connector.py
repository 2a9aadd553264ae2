"""A crawled catalogue as a source: the source beside it, and what it says when it cannot be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from sources.catalogue_crawler.crawl import page_spool
from sources.connector import Place, SourceFault
from sources.mapping.spec import read_mapping
from sources.spool import Message
from tests.sources.catalogue_crawler.crawling import Make, today
from tests.sources.mapped import START, WEEK, collect, fingerprint


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
