"""The mappings that come with the project: the layouts people bring become events and items."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import sources.window_store
from features.schema import EVENT_TYPES
from sources.connector import Place, Tables
from sources.mapped_files import MappedFiles
from sources.mapping.spec import read_mapping
from tests.sources.mapped import START, WEEK

SHIPPED = Path(sources.window_store.__file__).parent / "mappings"


def shipped(name: str, folder: Path, files: dict[str, str]) -> list[Tables]:
    """All windows of a shipped mapping over `files`, until the last event."""
    (folder / "drop").mkdir()
    for file, content in files.items():
        (folder / "drop" / file).write_text(content)
    mapping = read_mapping(SHIPPED / f"{name}.yaml")
    first = datetime.combine(mapping.window.first, datetime.min.time(), UTC) if mapping.window else START
    length = mapping.window.length if mapping.window and mapping.window.length else WEEK
    source = MappedFiles(mapping, Place(folder / "drop", folder / "state", first, length))
    last = source.last_event_at()
    assert last is not None
    count = (last - first) // length + 1
    return [source.collect(first + i * length, first + (i + 1) * length, "") for i in range(count)]


def told(tables: list[Tables], table: str = "events") -> pd.DataFrame:
    return pd.concat([getattr(each, table) for each in tables], ignore_index=True)


def test_visitor_events_become_views_carts_and_purchases(tmp_path: Path) -> None:
    rows = (
        "timestamp,visitorid,event,itemid,transactionid\n1430622004384,257597,view,355908,\n"
        "1430623000000,257597,addtocart,355908,\n1430624000000,257597,transaction,355908,4000\n"
        "soon,1,view,2,\n1430624000000,1,teleport,2,\n1432000000000,1.5e3,view,2\n"
    )
    events = told(shipped("visitor-events", tmp_path, {"events.csv": rows}))
    good = events[events["fault"].isna()]
    assert list(good["event_type"]) == ["view", "cart", "purchase"]
    assert good["occurred_at"].iloc[0] == pd.Timestamp("2015-05-03T03:00:04.384Z")
    assert good.iloc[2][["session_id", "quantity", "value"]].tolist() == ["4000", 1, 0]
    assert good["quantity"].isna().tolist() == [True, True, False]
    assert len(events) == 6
    assert sorted(fault.split(":")[0] for fault in events["fault"].dropna()) == ["event_type", "occurred_at", "row"]


def test_visitor_events_may_bear_the_short_names_too(tmp_path: Path) -> None:
    rows = "timestamp,visitor,event,item,transaction\n1430622004384,257597,view,355908,\n"
    assert told(shipped("visitor-events", tmp_path, {"events.csv": rows}))["user_id"].tolist() == ["257597"]


def test_user_behaviour_without_a_header_brings_its_catalogue_along(tmp_path: Path) -> None:
    rows = (
        "1,10,7,pv,1511568000\n1,10,7,buy,1511568060\n"
        "2,11,7,fav,1511654400\n2,11,7,cart,1511654401\n3,12,8,nap,1511654402\n"
    )
    tables = shipped("user-behaviour", tmp_path, {"UserBehavior.csv": rows})
    events, items = told(tables), told(tables, "items")
    assert list(events["event_type"].dropna()) == ["view", "purchase", "like", "cart"]
    assert events["fault"].notna().sum() == 1
    assert items[["item_id", "category"]].to_numpy().tolist() == [["10", "7"], ["11", "7"], ["12", "8"]]
    assert items["valid_from"].tolist() == [
        pd.Timestamp(at, unit="s", tz="UTC") for at in (1511568000, 1511654400, 1511654402)
    ]
    assert [len(each.events) for each in tables] == [2, 3]


def test_invoice_lines_become_purchases_and_returns_with_their_catalogue(tmp_path: Path) -> None:
    rows = (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,WHITE HOLDER,6,12/1/2010 8:26,2.55,17850.0,United Kingdom\n"
        "C536379,85123A,WHITE HOLDER,-2,2010-12-01 09:41:00,2.55,17850,United Kingdom\n"
        "536414,22139,,56,12/1/2010 11:52,0,,United Kingdom\n"
        "536415,22140,LAMP,many,12/1/2010 11:53,1,9.5,France\n"
        "A563185,B,Adjust,1,12/1/2010 14:50,11062.06,1,France\n"
    )
    tables = shipped("invoice-lines", tmp_path, {"data.csv": rows})
    events, items = told(tables), told(tables, "items")
    good = events[events["fault"].isna()]
    assert list(good["event_type"]) == ["purchase", "return", "purchase"]
    assert good["user_id"].fillna("nobody").tolist() == ["17850", "17850", "nobody"]
    assert good["value"].tolist() == pytest.approx([15.3, 5.1, 0])
    assert good["quantity"].tolist() == [6, 2, 56]
    assert good["event_id"].iloc[0] == "536365-85123A-6-2.55"
    assert good["extras"].iloc[0] == '{"Country": "United Kingdom"}'
    assert good["occurred_at"].iloc[0] == pd.Timestamp("2010-12-01T08:26Z")
    faults = " ".join(events["fault"].dropna())
    assert all(text in faults for text in ("user_id: '9.5'", "quantity: 'many'", "event_type: 'A563185'"))
    assert items["item_id"].tolist() == ["85123A", "22139", "22140", "B"]
    assert items["title"][0] == "WHITE HOLDER"


def test_ratings_from_four_upwards_are_likes_and_lower_ones_views(tmp_path: Path) -> None:
    ratings = ["4", "5.0", "3.5", "0.5", "10", "4.", "good", "-1"]
    rows = "userId,movieId,rating,timestamp\n" + "".join(f"1,{i},{r},{1704700000 + i}\n" for i, r in enumerate(ratings))
    events = told(shipped("ratings", tmp_path, {"ratings.csv": rows}))
    assert list(events["event_type"].dropna()) == ["like", "like", "view", "view", "like", "like"]
    assert events["fault"].notna().sum() == 2


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_mapping_is_named_like_its_file_and_makes_known_event_types(path: Path) -> None:
    mapping = read_mapping(path)
    assert mapping.name == path.stem
    rule = mapping.tables["events"].fields["event_type"]
    assert {*rule.values.values(), *rule.patterns.values()} <= set(EVENT_TYPES)
