"""Files that a mapping describes: which rows come with which window, and of what formats."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sources.window_store
from features.schema import LANDED
from sources.connector import Place, SourceFault, Tables
from sources.mapped_files import MappedFiles
from sources.mapping.spec import Mapping
from tests.sources.mapped import START, WEEK

FIELDS = {"user_id": "who", "item_id": "what", "event_type": {"constant": "view"}, "occurred_at": "at"}


def connector(folder: Path, *, first: datetime = START, rows: Any = None, **fields: Any) -> MappedFiles:
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
    prints = [before.fingerprint(START + i * WEEK, START + (i + 1) * WEEK, "") for i in range(2)]
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "state").rglob("*.parquet")}
    (drop / "events-2.csv").write_text("who,what,at\neve,tea,2024-01-16\n")
    after = connector(tmp_path)
    assert prints[0] == after.fingerprint(START, START + WEEK, "")
    assert prints[1] != after.fingerprint(START + WEEK, START + 2 * WEEK, "")
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
    other = MappedFiles(connector(tmp_path).mapping, Place(drop, tmp_path / "other", START, WEEK))
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


def test_a_row_group_of_nested_parquet_is_flattened_to_dotted_columns(tmp_path: Path, drop: Path) -> None:
    rows = pa.Table.from_pylist(
        [{"who": {"id": 7}, "what": "tea", "at": datetime(2024, 1, 8), "more": {"a": {"b": 1}}}]
    )
    pq.write_table(rows, drop / "events.parquet")
    events = window(connector(tmp_path, user_id="who.id"), 0).events
    assert events["user_id"].item() == "7"
    assert events["extras"].item() == '{"more.a.b": 1}'
