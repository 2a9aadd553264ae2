"""Files that a mapping describes: which rows come with which window, of what formats, and the layouts people bring."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sources.window_store
from features.schema import EVENT_TYPES, LANDED
from sources.connector import Place, SourceFault, Tables
from sources.mapped_files import MappedFiles
from sources.mapping.spec import Mapping, read_mapping

WEEK = timedelta(days=7)
FIRST = datetime(2024, 1, 7, tzinfo=UTC)
FIELDS = {"user_id": "who", "item_id": "what", "event_type": {"constant": "view"}, "occurred_at": "at"}
SHIPPED = Path(sources.window_store.__file__).parent / "mappings"


def connector(folder: Path, *, first: datetime = FIRST, rows: Any = None, **fields: Any) -> MappedFiles:
    """A connector of events below `folder / "drop"`; `rows` is the table's `from`."""
    events = {"from": rows or {"paths": ["events*"]}, "fields": FIELDS | fields}
    mapping = Mapping.model_validate({"name": "shop", "connector": "files", "tables": {"events": events}})
    return MappedFiles(mapping, Place(folder / "drop", folder / "state", first, WEEK))


def window(source: MappedFiles, index: int) -> Tables:
    start = source.first_start + index * WEEK
    return source.collect(start, start + WEEK, start.date().isoformat())


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


LINES = "who,what,at\nann,tea,2024-01-08\nbob,jam,2024-01-15\nann,jam,2024-01-09\n"
WRITERS: dict[str, Callable[[Path], Any]] = {
    "events.csv": lambda path: path.write_text(LINES),
    "events.tsv": lambda path: path.write_text(LINES.replace(",", "\t")),
    "events.csv.gz": lambda path: path.write_bytes(gzip.compress(LINES.encode())),
    "events.csv.bz2": lambda path: path.write_bytes(bz2.compress(LINES.encode())),
    "events.csv.xz": lambda path: path.write_bytes(lzma.compress(LINES.encode())),
    "events.csv.zst": lambda path: path.write_bytes(pa.Codec("zstd").compress(LINES.encode()).to_pybytes()),
    "events.jsonl": lambda path: table().to_json(path, orient="records", lines=True),
    "events.jsonl.gz": lambda path: table().to_json(path, orient="records", lines=True, compression="gzip"),
    "events.parquet": lambda path: table().to_parquet(path),
}


def table() -> pd.DataFrame:
    rows = [line.split(",") for line in LINES.splitlines()]
    return pd.DataFrame(rows[1:], columns=rows[0])


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_and_compression_gives_the_same_windows(tmp_path: Path, drop: Path, name: str) -> None:
    WRITERS[name](drop / name)
    source = connector(tmp_path)
    assert list(window(source, 0).events["item_id"]) == ["tea", "jam"]
    assert list(window(source, 1).events["user_id"]) == ["bob"]
    assert len(window(source, 2).events) == 0
    assert source.last_event_at() == datetime(2024, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rows", "content"),
    [
        ({"delimiter": ";"}, LINES.replace(",", ";").encode()),
        ({"encoding": "latin-1"}, LINES.replace("tea", "thé").encode("latin-1")),
        ({"encoding": "utf-16"}, LINES.replace("tea", "thé").encode("utf-16")),
        ({"columns": ["who", "what", "at"]}, LINES.split("\n", 1)[1].encode()),
        ({"quote": "'"}, LINES.replace("tea", "'te,a'").encode()),
        ({"quote": None}, LINES.replace("tea", '12" pan').encode()),
        ({"nulls": ["-"]}, LINES.replace("tea", "-").encode()),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_a_mapping_says_of_text_files_is_heeded(tmp_path: Path, drop: Path, rows: Any, content: bytes) -> None:
    (drop / "events.csv").write_bytes(content)
    events = window(connector(tmp_path, rows={"paths": ["events.csv"], **rows}), 0).events
    wanted = {"encoding": "thé", "quote": "te,a" if rows.get("quote") else '12" pan', "nulls": None}
    assert events["fault"].isna().all()
    item = events["item_id"][0]
    assert (None if pd.isna(item) else item) == wanted.get(next(iter(rows)), "tea")


def test_every_row_lands_in_exactly_one_window_and_a_timeless_or_too_old_one_in_the_first(
    tmp_path: Path, drop: Path
) -> None:
    times = ["2024-01-08", "soon", "", "1970-01-01", "2024-01-20", "2024-01-14", "2024-01-13T23:59:59.999999Z"]
    (drop / "events.csv").write_text("who,what,at\n" + "".join(f"u{i},x,{at}\n" for i, at in enumerate(times)))
    source = connector(tmp_path)
    landed = [sorted(window(source, index).events["user_id"]) for index in range(3)]
    assert landed == [["u0", "u1", "u2", "u3", "u6"], ["u4", "u5"], []]
    assert window(source, 0).events["fault"].notna().sum() == 1


def test_rows_go_to_the_window_they_arrived_in_where_that_is_known(tmp_path: Path, drop: Path) -> None:
    rows = "who,what,at,seen\nann,tea,2024-01-08,2024-01-15\nbob,jam,2024-01-09,\n"
    (drop / "events.csv").write_text(rows)
    source = connector(tmp_path, arrived_at="seen")
    assert list(window(source, 0).events["user_id"]) == ["bob"]
    late = window(source, 1).events
    assert list(late["occurred_at"]) == [pd.Timestamp("2024-01-08", tz="UTC")]
    assert {name: str(dtype) for name, dtype in late.dtypes.items()} == LANDED["events"]


def test_a_file_that_names_its_window_brings_late_rows_with_it(tmp_path: Path, drop: Path) -> None:
    (drop / "2024-01-14").mkdir()
    (drop / "2024-01-14" / "events.csv").write_text(LINES)
    source = connector(tmp_path, rows={"paths": ["{window}/events.csv"]})
    assert len(window(source, 1).events) == 3
    assert source.last_event_at() is None
    with pytest.raises(SourceFault, match="of window 2024-01-07"):
        window(source, 0)


def test_a_new_file_leaves_other_windows_and_what_was_parted_as_they_were(tmp_path: Path, drop: Path) -> None:
    (drop / "events.csv").write_text(LINES)
    before = connector(tmp_path)
    prints = [before.fingerprint(FIRST + i * WEEK, FIRST + (i + 1) * WEEK, "") for i in range(2)]
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "state").rglob("*.parquet")}
    (drop / "events-2.csv").write_text("who,what,at\neve,tea,2024-01-16\n")
    after = connector(tmp_path)
    assert prints[0] == after.fingerprint(FIRST, FIRST + WEEK, "")
    assert prints[1] != after.fingerprint(FIRST + WEEK, FIRST + 2 * WEEK, "")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert sorted(window(after, 1).events["user_id"]) == ["bob", "eve"]


def test_a_changed_file_is_parted_anew_and_its_old_parts_go(tmp_path: Path, drop: Path) -> None:
    (drop / "events.csv").write_text(LINES)
    window(connector(tmp_path), 0)
    (drop / "events.csv").write_text(LINES.replace("tea", "oil"))
    assert list(window(connector(tmp_path), 0).events["item_id"]) == ["oil", "jam"]
    assert len(list((tmp_path / "state").rglob("summary.json"))) == 1


def test_a_file_that_breaks_midway_leaves_no_parts_behind(tmp_path: Path, drop: Path) -> None:
    (drop / "events.csv").write_bytes(LINES.encode() + b"ann,\xe4,2024-01-08\n")
    with pytest.raises(SourceFault, match="not UTF-8"):
        window(connector(tmp_path), 0)
    assert not list((tmp_path / "state").rglob("*.parquet"))


def test_parts_written_little_by_little_give_the_same_tables(
    tmp_path: Path, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drop / "events.csv").write_text("who,what,at\n" + "".join(f"u{i},x,2024-01-{7 + i % 14:02}\n" for i in range(300)))
    first = [window(connector(tmp_path), index).events for index in range(2)]
    monkeypatch.setattr(sources.window_store, "HELD_ROWS", 7)
    monkeypatch.setattr("sources.drops.csv.BLOCK_BYTES", 200)
    other = MappedFiles(connector(tmp_path).mapping, Place(drop, tmp_path / "other", FIRST, WEEK))
    for index, events in enumerate(first):
        pd.testing.assert_frame_equal(window(other, index).events, events)
    assert len(list((tmp_path / "other").rglob("*.parquet"))) > 10


def test_ragged_rows_are_numbered_as_they_stand_in_the_file_across_blocks(
    tmp_path: Path, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.drops.csv.BLOCK_BYTES", 100)
    lines = [f"u{i},x" if i % 7 == 3 else f"u{i},x,{'soon' if i % 5 == 1 else '2024-01-08'}" for i in range(60)]
    (drop / "events.csv").write_text("who,what,at\n" + "".join(f"{line}\n" for line in lines))
    faults = window(connector(tmp_path), 0).events["fault"].dropna()
    told = {int(fault.rsplit("row ", 1)[1][:-1]): "cells under" in fault for fault in faults}
    assert told == {i + 2: i % 7 == 3 for i in range(60) if i % 7 == 3 or i % 5 == 1}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no paths": ({}, "paths"),
    "a path out of the drop": ({"paths": ["../secret.csv"]}, "below the drop folder"),
    "half by window": ({"paths": ["{window}/a.csv", "b.csv"]}, "either all paths"),
    "an unknown encoding": ({"paths": ["a"], "encoding": "klingon"}, "no encoding"),
    "a long delimiter": ({"paths": ["a"], "delimiter": "::"}, "delimiter"),
    "an unknown key": ({"paths": ["a"], "separator": ";"}, "separator: there is no such key"),
}


@pytest.mark.parametrize(("rows", "what"), WRONG.values(), ids=WRONG)
def test_a_wrong_from_is_refused_before_anything_is_read(tmp_path: Path, rows: dict[str, Any], what: str) -> None:
    with pytest.raises(SourceFault) as caught:
        connector(tmp_path, rows=rows or {"format": "csv"})
    assert what in caught.value.what
    assert "tables.events.from" in caught.value.where


def shipped(name: str, folder: Path, files: dict[str, str]) -> list[Tables]:
    """All windows of a shipped mapping over `files`, until the last event."""
    (folder / "drop").mkdir()
    for file, content in files.items():
        (folder / "drop" / file).write_text(content)
    mapping = read_mapping(SHIPPED / f"{name}.yaml")
    first = datetime.combine(mapping.window.first, datetime.min.time(), UTC) if mapping.window else FIRST
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


def test_a_row_group_of_nested_parquet_is_flattened_to_dotted_columns(tmp_path: Path, drop: Path) -> None:
    rows = pa.Table.from_pylist(
        [{"who": {"id": 7}, "what": "tea", "at": datetime(2024, 1, 8), "more": {"a": {"b": 1}}}]
    )
    pq.write_table(rows, drop / "events.parquet")
    events = window(connector(tmp_path, user_id="who.id"), 0).events
    assert events["user_id"].item() == "7"
    assert events["extras"].item() == '{"more.a.b": 1}'
