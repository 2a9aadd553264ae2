"""The drop folder: what it accepts in three formats, the fault of a broken row, and the refusal of a broken file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.schema import LANDED
from sources.catalogue import open_connector
from sources.connector import Place, SourceFault, Tables
from sources.files import DropFolder

START, END = datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 1, 8, tzinfo=UTC)
HEADER = "event_id,user_id,item_id,event_type,occurred_at,quantity,value"
EVENTS = (
    f"{HEADER}\ne2,ann,tea,purchase,2017-01-03T09:00:00Z,1,2.5\ne1,bob,jam,purchase,2017-01-02T09:00:00+01:00,2,3\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    window = tmp_path / "2017-01-01"
    window.mkdir()
    return window


def collect(folder: Path) -> Tables:
    return DropFolder(START, folder.parent).collect(START, END, folder.name)


def fault(folder: Path) -> SourceFault:
    with pytest.raises(SourceFault) as caught:
        collect(folder)
    return caught.value


def test_events_come_typed_in_order_of_time_and_in_utc(folder: Path) -> None:
    (folder / "events.csv").write_text(EVENTS)
    tables = collect(folder)
    assert list(tables.events["event_id"]) == ["e1", "e2"]
    assert tables.events["occurred_at"][0] == pd.Timestamp("2017-01-02T08:00:00Z")
    for name, columns in LANDED.items():
        assert {column: str(dtype) for column, dtype in getattr(tables, name).dtypes.items()} == columns


def as_jsonl(path: Path, rows: pd.DataFrame) -> None:
    rows.to_json(path, orient="records", lines=True, date_format="iso")


def as_parquet(path: Path, rows: pd.DataFrame) -> None:
    rows.to_parquet(path, index=False)


@pytest.mark.parametrize(("suffix", "write"), [("jsonl", as_jsonl), ("parquet", as_parquet)])
def test_the_three_formats_give_the_same_tables(
    folder: Path, suffix: str, write: Callable[[Path, pd.DataFrame], None]
) -> None:
    (folder / "events.csv").write_text(EVENTS)
    wanted = collect(folder).events
    given = ["event_id", "user_id", "item_id", "event_type", "occurred_at", "quantity", "value"]
    write(folder / f"events.{suffix}", wanted[given])
    (folder / "events.csv").unlink()
    pd.testing.assert_frame_equal(collect(folder).events, wanted)


def test_several_files_make_one_table_whatever_their_formats(folder: Path) -> None:
    (folder / "events-a.csv").write_text(EVENTS)
    row = {"event_id": "e3", "user_id": 7, "event_type": "view", "item_id": "tea", "occurred_at": "2017-01-04"}
    (folder / "events-b.jsonl").write_text(json.dumps(row) + "\n")
    events = collect(folder).events
    assert list(events["event_id"]) == ["e1", "e2", "e3"]
    assert events["user_id"][2] == "7"
    assert events["source"].unique().tolist() == ["files"]


def test_an_event_without_an_id_gets_one_that_does_not_depend_on_the_file_it_lies_in(folder: Path) -> None:
    nameless = "user_id,item_id,event_type,occurred_at\nann,tea,view,2017-01-03\nann,tea,view,2017-01-04\n"
    (folder / "events.csv").write_text(nameless)
    first = collect(folder).events["event_id"]
    (folder / "events.csv").rename(folder / "events-again.csv")
    assert first.is_unique
    assert list(collect(folder).events["event_id"]) == list(first)


def test_users_and_items_without_a_date_are_valid_from_the_windows_start(folder: Path) -> None:
    (folder / "events.csv").write_text(EVENTS)
    (folder / "users.csv").write_text("user_id,gender\nann,F\n")
    (folder / "items.jsonl").write_text('{"item_id": "tea", "price": 2.5, "valid_from": "2017-01-05"}\n')
    tables = collect(folder)
    assert tables.users["valid_from"][0] == pd.Timestamp(START)
    assert tables.items["valid_from"][0] == pd.Timestamp("2017-01-05", tz="UTC")


def test_a_column_outside_the_contract_is_kept_in_extras_and_told_once(folder: Path) -> None:
    (folder / "events.csv").write_text(
        f"{HEADER},colour\ne1,ann,tea,view,2017-01-03,,,red\ne2,ann,tea,view,2017-01-04,,,\n"
    )
    tables = collect(folder)
    assert tables.events["extras"][0] == '{"colour": "red"}'
    assert tables.events["extras"].isna()[1]
    assert tables.notes == ("events.csv: column colour: not in the contract, kept in extras",)


def test_a_file_with_a_header_and_no_rows_is_an_empty_table(folder: Path) -> None:
    (folder / "events.csv").write_text(f"{HEADER}\n")
    assert len(collect(folder).events) == 0


def test_a_byte_order_mark_and_quoted_line_breaks_are_read(folder: Path) -> None:
    rows = '\ufeffevent_id,user_id,event_type,occurred_at,query\ne1,ann,search,2017-01-03,"green\ntea"\n'
    (folder / "events.csv").write_text(rows, encoding="utf-8")
    assert collect(folder).events["query"][0] == "green\ntea"


FAULTY: dict[str, tuple[str, str, str, str]] = {
    "a wrong number": ("events.csv", EVENTS + "e3,ann,tea,purchase,2017-01-04,many,1\n", "quantity: 'many'", "row 4"),
    "a wrong time": ("events.csv", EVENTS + "e3,ann,tea,view,soon,,\n", "occurred_at: 'soon'", "row 4"),
    "too few cells": ("events.csv", EVENTS + "e3,ann\n", "2 cells under 7 column names: 'e3,ann'", "row 4"),
    "too many cells": ("events.csv", EVENTS + "e3,a,b,c,d,e,f,g\n", "8 cells under 7", "row 4"),
    "no JSON object": ("events.jsonl", '[1]\n{"user_id": "bob"}\n', "'[1]' is no JSON object", "line 1"),
}


@pytest.mark.parametrize(("file", "content", "what", "where"), FAULTY.values(), ids=FAULTY)
def test_a_row_that_cannot_be_read_lands_with_a_fault_that_names_its_place_beside_the_rows_that_can(
    folder: Path, file: str, content: str, what: str, where: str
) -> None:
    names = ["event_type", "occurred_at"] if file.endswith("jsonl") else []
    (folder / file).write_text(content + ("".join(f'{{"user_id": "eve", "{name}": ""}}\n' for name in names)))
    events = collect(folder).events
    faults = events["fault"].dropna()
    assert len(faults) == 1
    assert what in faults.item()
    assert f"({file}, {where})" in faults.item()
    assert len(events) == content.strip().count("\n") + (2 if names else 0) + (0 if file.endswith("csv") else 1)


def test_a_row_with_a_fault_keeps_every_cell_that_could_be_read(folder: Path) -> None:
    (folder / "events.csv").write_text(f"{HEADER}\ne1,ann,tea,purchase,2017-01-04,many,7\n")
    row = collect(folder).events.iloc[0]
    assert (row["event_id"], row["user_id"], row["value"]) == ("e1", "ann", 7)
    assert pd.isna(row["quantity"])


BROKEN: dict[str, tuple[str, bytes, str, str]] = {
    "a required column is missing": ("events.csv", b"user_id,event_type\nann,view\n", "occurred_at", "events.csv"),
    "no header": ("events.csv", b"", "header", "line 1"),
    "a column named twice": ("events.csv", b"user_id,user_id\nann,bob\n", "more than once", "line 1"),
    "an open quote": ("events.csv", EVENTS.encode() + b'e3,"ann\n', "no CSV", "line 4"),
    "a broken encoding": ("events.csv", EVENTS.encode() + b"e3,\xe4nn", "0xe4", f"byte {len(EVENTS) + 3}, line 4"),
    "garbage for Parquet": ("events.parquet", b"PAR1 and no more", "no whole Parquet", "16 bytes"),
    "a broken archive": ("events.csv.gz", b"x", "cannot be read", "events.csv.gz"),
    "a compressed Parquet": ("events.parquet.gz", b"x", "unknown kind", "events.parquet.gz"),
    "an unknown kind of file": ("events.xlsx", b"x", "unknown kind", "events.xlsx"),
}


@pytest.mark.parametrize(("file", "content", "what", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_gets_one_fault_that_says_what_and_where(
    folder: Path, file: str, content: bytes, what: str, where: str
) -> None:
    (folder / file).write_bytes(content)
    broken = fault(folder)
    assert what in broken.what
    assert where in broken.where
    assert broken.mend


JSON_ROW = {"user_id": "ann", "item_id": "tea", "event_type": "view", "occurred_at": "2017-01-03"}


@pytest.mark.parametrize(
    ("column", "value"),
    [("user_id", 1.5), ("user_id", True), ("item_id", ["tea"]), ("occurred_at", 1_483_434_000), ("value", True)],
)
@pytest.mark.parametrize("beside", [[], [JSON_ROW | {"value": 1}], [JSON_ROW | {"value": "2"}]], ids=len)
def test_a_json_value_that_could_mean_several_things_is_a_fault_whatever_lies_beside_it(
    folder: Path, column: str, value: object, beside: list[dict[str, object]]
) -> None:
    rows = [JSON_ROW | {column: value}, *beside]
    (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    events = collect(folder).events
    faulty = events[events["fault"].notna()]
    assert len(faulty) == 1
    assert faulty["fault"].item().startswith(f"{column}: ")
    assert str(value).strip("[]'") in faulty["fault"].item()
    assert faulty[column].isna().all()


def test_a_truncated_parquet_file_is_named(folder: Path) -> None:
    path = folder / "events.parquet"
    pd.DataFrame([JSON_ROW]).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-9])
    assert "no whole Parquet" in fault(folder).what


@pytest.mark.parametrize(
    "instants",
    [
        pa.array([datetime(2017, 1, 3, 9)], pa.timestamp("ns")),
        pa.array([datetime(2017, 1, 3, 9)], pa.timestamp("us", tz="UTC")),
        pa.array(["2017-01-03T10:00:00+01:00"]),
    ],
    ids=["naive", "aware", "text"],
)
def test_parquet_timestamps_may_be_naive_aware_or_text(folder: Path, instants: pa.Array) -> None:
    table = pa.Table.from_pylist([JSON_ROW]).drop_columns("occurred_at").append_column("occurred_at", instants)
    pq.write_table(table, folder / "events.parquet")
    assert collect(folder).events["occurred_at"][0] == pd.Timestamp("2017-01-03T09:00:00Z")


def test_a_missing_folder_and_a_folder_without_events_say_where_to_drop(tmp_path: Path, folder: Path) -> None:
    (folder / "items.csv").write_text("item_id\ntea\n")
    assert "no events file" in fault(folder).what
    with pytest.raises(SourceFault, match="folder is missing"):
        DropFolder(START, tmp_path).collect(START, END, "2017-01-08")


def test_a_fingerprint_changes_with_the_bytes_of_any_file(folder: Path) -> None:
    (folder / "events.csv").write_text(EVENTS)
    connector = DropFolder(START, folder.parent)
    before = connector.fingerprint(START, END, folder.name)
    assert before == connector.fingerprint(START, END, folder.name)
    (folder / "users.csv").write_text("user_id\nann\n")
    assert before != connector.fingerprint(START, END, folder.name)


def test_connectors_are_opened_by_name_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "state", START, END - START)
    assert open_connector("files", place).name == "files"
    assert open_connector("complete_journey", place).name == "complete_journey"
    with pytest.raises(SourceFault, match="carrier_pigeon"):
        open_connector("carrier_pigeon", place)
