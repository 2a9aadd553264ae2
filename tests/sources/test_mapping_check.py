"""`tidegraph source check`: what it tells of a sample, and when it says that an update would not work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import sources.mapped_files
from pipelines.commands.source import app
from pipelines.errors import SourceError

RATINGS = Path(sources.mapped_files.__file__).parent / "mappings" / "ratings.yaml"
GOOD = "user,item,rating,timestamp\n" + "".join(f"{i % 9},{i},4,{1704700000 + i}\n" for i in range(50))


def checked(folder: Path, content: str, *options: str) -> tuple[int, Any]:
    (folder / "ratings.csv").write_text(content, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(RATINGS), "--drop", str(folder), *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout) if "--json" in options else done.stdout


def test_a_good_sample_is_told_field_by_field_and_would_work(tmp_path: Path) -> None:
    code, report = checked(tmp_path, GOOD, "--json")
    events = report["tables"]["events"]
    assert code == 0
    assert report["problems"] == []
    assert events["files"] == ["ratings.csv"]
    assert events["event_types"] == {"like": 50}
    assert {each["field"]: each["from"] for each in events["fields"]}["user_id"] == "user"
    assert events["times"]["first"] == "2024-01-08 07:46:40 UTC"
    assert events["refused"] == 0


def test_only_so_many_rows_are_read(tmp_path: Path) -> None:
    assert checked(tmp_path, GOOD, "--json", "--rows", "7")[1]["tables"]["events"]["rows"] == 7


def test_a_refused_row_is_told_with_its_file_row_and_cell(tmp_path: Path) -> None:
    _, report = checked(tmp_path, GOOD + "1,2,great,1704700000\n", "--json")
    events = report["tables"]["events"]
    assert events["refused"] == 1
    assert events["examples"] == [
        "event_type: 'great' is not among the values that the mapping names (ratings.csv, row 52)"
    ]


def test_too_many_refused_rows_and_rows_before_the_calendar_are_problems(tmp_path: Path) -> None:
    code, report = checked(tmp_path, GOOD.replace(",17047", ",soon"), "--json")
    assert code == 1
    assert "100.0% of the rows would be refused" in report["problems"][0]
    code, report = checked(tmp_path, GOOD.replace(",17047", ",8047"), "--json")
    assert code == 1
    assert "set window.first in the mapping" in report["problems"][-1]


def test_an_unknown_column_is_told_and_a_useful_one_pointed_at(tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    content = "\n".join([f"{lines[0]},basket", *(f"{line},1" for line in lines[1:])])
    code, text = checked(tmp_path, content)
    told = " ".join(text.split())
    assert code == 0
    assert "column basket: not in the contract, kept in extras" in told
    assert "column basket looks like session_id, which is not mapped" in told
    assert "this would work" in told


def test_what_a_cell_holds_cannot_steer_the_terminal(tmp_path: Path) -> None:
    _, text = checked(tmp_path, GOOD + "[red]\x1b[2J,\u202ex,bad[/],1704700000\n")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "bad[/]" in text


def test_a_missing_column_is_one_error_that_names_the_columns_there_are(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        checked(tmp_path, GOOD.replace("timestamp", "time"))
    assert "user, item, rating, time" in caught.value.where
    assert "did you mean time?" in caught.value.mend
