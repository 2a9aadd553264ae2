"""Writing whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import StoreError
from pipelines.files import digest_files, read_table, whole_file, whole_folder, write_json, write_table


def test_a_folder_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with whole_folder(tmp_path / "out") as folder:
            (folder / text).write_text(text)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failing_writer_leaves_the_old_folder_as_it_was(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out") as folder:
        (folder / "old").write_text("old")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out") as folder:
        (folder / "half").write_text("half")
        raise RuntimeError
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".out.0123.partial").mkdir()
    with whole_folder(tmp_path / "out"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_that_cannot_be_written_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run the same command again"), whole_file(tmp_path / "x.json"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["x", None], "b": [1.5, float("nan")]})
    for name in ("one", "two"):
        write_table(tmp_path / name / "t.parquet", table)
    assert digest_files(tmp_path / "one") == digest_files(tmp_path / "two")


def test_a_truncated_table_is_named(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", pd.DataFrame({"a": [1, 2, 3]}))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoreError, match=r"cannot read table t\.parquet"):
        read_table(path)


def test_a_digest_sees_names_and_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "x.json", 1)
    write_json(tmp_path / "b" / "y.json", 1)
    write_json(tmp_path / "c" / "x.json", 2)
    assert len({digest_files(tmp_path / name) for name in "abc"}) == 3


def test_a_folder_below_a_file_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write sub") as caught, whole_folder(tmp_path / "file" / "sub"):
        pass
    assert caught.value.where == str(tmp_path / "file")
