"""What `quarantine repair --fix` says of a file that it cannot use: of that file, and never of a mapping."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import SourceError
from pipelines.quarantine.fix_file import read_fix
from pipelines.quarantine.refused import REPLAYED, ROW

REFUSED = pd.DataFrame(index=pd.Index([3, 7], name=ROW))
NONE_YET = pd.DataFrame({ROW: [], REPLAYED: []})


def read(path: Path) -> pd.DataFrame:
    return read_fix(path, REFUSED, NONE_YET)


def refused(path: Path, content: bytes | None = None) -> SourceError:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read(path)
    assert "mapping" not in str(caught.value)
    assert caught.value.mend
    return caught.value


def test_cells_come_by_row_number(tmp_path: Path) -> None:
    (tmp_path / "fix.csv").write_text("row,user_id,reasons\n7,ann,x\n3,,y\n")
    cells = read(tmp_path / "fix.csv")
    assert cells["user_id"].loc[7] == "ann"
    assert pd.isna(cells["user_id"].loc[3])
    assert list(cells.columns) == ["user_id"]


@pytest.mark.parametrize(
    ("content", "told"),
    [("row,user_id\n3,ann\n7,bob,x\n", "3 cells under 2 column names"), ("row,user_id\n3,ann\n7\n", "1 cell under 2")],
)
def test_a_ragged_row_is_told_with_its_place(tmp_path: Path, content: str, told: str) -> None:
    error = refused(tmp_path / "fix.csv", content.encode())
    assert f"fix.csv cannot be used: {told}" in error.what
    assert error.where.endswith("fix.csv, row 3")
    assert "as many cells" in error.mend


def test_a_line_that_is_no_json_object_is_told_with_its_place(tmp_path: Path) -> None:
    error = refused(tmp_path / "fix.jsonl", b'{"row": 3}\n{"row": 7\n')
    assert "is no JSON object" in error.what
    assert error.where.endswith("fix.jsonl, line 2")


def test_a_file_in_another_encoding_is_to_be_saved_in_utf_8(tmp_path: Path) -> None:
    error = refused(tmp_path / "fix.csv", "row,user_id\n3,ann\n".encode("utf-16"))
    assert "fix.csv is not UTF-8" in error.what
    assert "in UTF-8" in error.mend


def test_a_folder_and_a_missing_file_are_told_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "fixes.csv").mkdir()
    assert refused(tmp_path / "fixes.csv").what == "fixes.csv is a folder"
    assert refused(tmp_path / "fix.csv").what == "fix.csv does not exist"


def test_a_file_of_an_unknown_kind_says_which_there_are(tmp_path: Path) -> None:
    assert "CSV with commas, JSON Lines or Parquet" in refused(tmp_path / "fix.xlsx", b"PK").mend


def test_a_file_parted_by_semicolons_is_told_so(tmp_path: Path) -> None:
    error = refused(tmp_path / "fix.csv", b"row;user_id\n3;ann\n")
    assert "it has no column `row`: its header looks delimited by ';'" in error.what
    assert "CSV with commas" in error.mend


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("third", "not every `row` is a number: 'third'"),
        ("", "not every `row` is a number: one is empty"),
        ("3.5", "row 3.5 is not quarantined"),
        ("4", "row 4 is not quarantined"),
    ],
)
def test_a_row_number_that_is_none_is_shown(tmp_path: Path, cell: str, told: str) -> None:
    assert told in refused(tmp_path / "fix.csv", f"row,user_id\n{cell},ann\n".encode()).what
