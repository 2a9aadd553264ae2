"""A version is rebuilt in a folder of its own, into which nobody who asked to be forgotten is carried."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.graph import microseconds
from features.schema import EVENTS, USERS
from pipelines.errors import StoreError
from pipelines.files import write_table
from pipelines.reproducing.sandbox import check_folder, leave_out

ERASED = {"u1": microseconds(pd.Timestamp("2024-01-10T00:00Z").to_pydatetime())}


def events(*rows: tuple[str, str | None, str]) -> pd.DataFrame:
    """Rows of user, whom they name, and day of January."""
    told = [{"user_id": user, "target_user_id": named, "occurred_at": f"2024-01-{day}"} for user, named, day in rows]
    table = pd.DataFrame(told, columns=list(EVENTS)).assign(revision=0)
    table["occurred_at"] = pd.to_datetime(table["occurred_at"], utc=True)
    return table.astype(EVENTS)


def test_rows_of_the_erased_and_of_who_named_them_stay_behind_until_the_instant(tmp_path: Path) -> None:
    path = tmp_path / "2024-01-07" / "events.parquet"
    write_table(path, events(("u1", None, "08"), ("u2", None, "08"), ("u3", "u1", "09"), ("u1", None, "11")))
    leave_out(ERASED, tmp_path)
    assert pd.read_parquet(path)[["user_id", "occurred_at"]].to_numpy().tolist() == [
        ["u2", pd.Timestamp("2024-01-08", tz="UTC")],
        ["u1", pd.Timestamp("2024-01-11", tz="UTC")],
    ]


def test_what_the_erased_told_of_themselves_stays_behind(tmp_path: Path) -> None:
    users = pd.DataFrame({"user_id": ["u1", "u2"], "age_band": ["25-34", "35-44"]}, columns=list(USERS))
    users["valid_from"] = pd.Timestamp("2024-01-01", tz="UTC")
    path = tmp_path / "2024-01-07" / "users.parquet"
    write_table(path, users.astype(USERS))
    leave_out(ERASED, tmp_path)
    assert pd.read_parquet(path)["user_id"].tolist() == ["u2"]


def test_without_erasures_no_byte_changes(tmp_path: Path) -> None:
    path = tmp_path / "2024-01-07" / "events.parquet"
    write_table(path, events(("u1", None, "08"), ("u2", None, "09")))
    before = path.read_bytes()
    leave_out({}, tmp_path)
    leave_out({"somebody else": ERASED["u1"]}, tmp_path)
    assert path.read_bytes() == before


def test_an_empty_or_a_missing_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing"):
        check_folder(tmp_path / name, tmp_path / "home")


@pytest.mark.parametrize("place", ["full", "file", "home", "home/below"])
def test_a_folder_with_something_in_it_or_inside_the_home_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        check_folder(tmp_path / place, tmp_path / "home")
