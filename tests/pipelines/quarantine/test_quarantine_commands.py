"""`tidegraph quarantine` as it is typed: where rows are written to, and how many they are said to be."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.schema import EVENTS, FAULT
from pipelines.commands.quarantine import app
from pipelines.context import read_context
from pipelines.errors import StoreError
from pipelines.files import write_table
from pipelines.quarantine.refused import REASONS, ROW
from tests.typed import typed

WINDOW = "2024-01-07"


pytestmark = pytest.mark.usefixtures("home")


def quarantine(count: int) -> None:
    types = {**EVENTS, FAULT: "str", ROW: "int64", REASONS: "str"}
    rows = pd.DataFrame({name: pd.Series([None] * count, dtype="object") for name in types})
    rows[ROW], rows[REASONS], rows["revision"] = range(count), "user-id-known: it is null", 0
    rows = rows.astype(types)
    write_table(read_context().path("quarantine", WINDOW, "events.parquet"), rows)


def show(target: Path) -> str:
    return typed(app, "show", WINDOW, "--csv", str(target))


@pytest.mark.parametrize(("count", "told"), [(1, "1 row is in"), (2, "2 rows are in")])
def test_rows_are_written_to_a_file_and_counted(tmp_path: Path, count: int, told: str) -> None:
    quarantine(count)
    assert show(tmp_path / "fix.csv").startswith(told)
    assert len(pd.read_csv(tmp_path / "fix.csv")) == count


def test_a_folder_is_no_file_to_write_to(tmp_path: Path) -> None:
    quarantine(1)
    (tmp_path / "fixes").mkdir()
    with pytest.raises(StoreError) as caught:
        show(tmp_path / "fixes")
    assert caught.value.what == "fixes is a folder"
    assert f"--csv {tmp_path / 'fixes' / 'fix.csv'}" in caught.value.mend
    assert list(tmp_path.glob("**/*.partial")) == []


def test_a_file_in_a_folder_that_is_not_there_is_refused_with_the_folder(tmp_path: Path) -> None:
    quarantine(1)
    with pytest.raises(StoreError, match="there is no folder") as caught:
        show(tmp_path / "nowhere" / "fix.csv")
    assert f"mkdir -p {tmp_path / 'nowhere'}" in caught.value.mend
    assert not (tmp_path / "nowhere").exists()
