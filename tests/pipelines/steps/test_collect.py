"""Collect: a landing is whole or not there, byte-identical each time, and reused while its source stands still."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipelines.context import Context
from pipelines.errors import SourceError, StoreError, WindowError
from pipelines.files import digest_files, read_json, read_table
from pipelines.jobs import Job
from pipelines.params.shape import Params
from pipelines.settings import read_settings
from pipelines.steps import collect
from tests.drop import catalogue, events, small_params, window

FIRST, SECOND = window(0), window(1)


def shop(tmp_path: Path, said: list[str] | None = None, **changes: dict[str, object]) -> Context:
    """A context of its own over an empty drop folder."""
    settings = read_settings({"TIDEGRAPH_HOME": str(tmp_path / "var"), "TIDEGRAPH_DROP": str(tmp_path / "drop")})
    params = Params.model_validate(small_params(**changes))
    return Context(settings, params, said.append) if said is not None else Context(settings, params)


def job(context: Context, *names: str) -> Job:
    windows = tuple(context.calendar.window(name) for name in names)
    return Job("bootstrap" if len(names) > 1 else "update", windows, "full")


def drop(context: Context, index: int) -> Path:
    folder = context.settings.drop / window(index)
    folder.mkdir(parents=True, exist_ok=True)
    events(index).to_csv(folder / "events.csv", index=False)
    if not index:
        catalogue().to_csv(folder / "items.csv", index=False)
    return folder / "events.csv"


def test_each_window_of_a_bootstrap_lands_with_its_counts(tmp_path: Path) -> None:
    said: list[str] = []
    context = shop(tmp_path, said)
    drop(context, 0)
    drop(context, 1)
    windows = collect.run(job(context, FIRST, SECOND), context)["windows"]
    assert {name: (w["events"], w["users"], w["items"]) for name, w in windows.items()} == {
        FIRST: (960, 0, 100),
        SECOND: (960, 0, 0),
    }
    assert len(read_table(context.path("landing", FIRST, "items.parquet"))) == 100
    assert read_json(context.path("landing", SECOND, "manifest.json"))["digest"] == windows[SECOND]["digest"]
    assert [line for line in said if "2/2" in line and SECOND in line]


def test_the_same_window_collected_twice_into_two_homes_is_byte_identical(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        context = shop(tmp_path / name)
        drop(context, 0)
        collect.run(job(context, FIRST), context)
        digests.append(digest_files(context.path("landing", FIRST)))
    assert digests[0] == digests[1]


def test_a_landing_is_kept_while_its_source_stands_still(tmp_path: Path) -> None:
    context = shop(tmp_path)
    drop(context, 0)
    first = collect.run(job(context, FIRST), context)
    table = context.path("landing", FIRST, "events.parquet")
    before = table.stat().st_ino
    assert collect.run(job(context, FIRST), context) == first
    assert table.stat().st_ino == before


def test_a_changed_source_lands_anew_and_changes_the_fingerprint(tmp_path: Path) -> None:
    context = shop(tmp_path)
    path = drop(context, 0)
    print_before = collect.fingerprint(job(context, FIRST), context)
    collect.run(job(context, FIRST), context)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert collect.fingerprint(job(context, FIRST), context) != print_before
    assert collect.run(job(context, FIRST), context)["windows"][FIRST]["events"] == 959


@pytest.mark.parametrize("damaged", ["events.parquet", "manifest.json"])
def test_a_damaged_landing_is_collected_again(tmp_path: Path, damaged: str) -> None:
    context = shop(tmp_path)
    drop(context, 0)
    first = collect.run(job(context, FIRST), context)
    whole = digest_files(context.path("landing", FIRST))
    context.path("landing", FIRST, damaged).write_bytes(b"damaged")
    assert collect.run(job(context, FIRST), context) == first
    assert digest_files(context.path("landing", FIRST)) == whole


def test_a_source_fault_becomes_one_error_and_leaves_the_old_landing(tmp_path: Path) -> None:
    context = shop(tmp_path)
    path = drop(context, 0)
    collect.run(job(context, FIRST), context)
    before = digest_files(context.path("landing", FIRST))
    path.write_bytes(path.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(SourceError) as caught:
        collect.run(job(context, FIRST), context)
    assert "events.csv" in caught.value.where
    assert "line 962" in caught.value.where
    assert digest_files(context.path("landing", FIRST)) == before


def test_a_landing_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = shop(tmp_path)
    drop(context, 0)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pandas.DataFrame.to_parquet", full_disk)
    with pytest.raises(StoreError, match="No space left on device"):
        collect.run(job(context, FIRST), context)
    assert list(context.path("landing").iterdir()) == []


def test_what_the_source_left_out_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    context = shop(tmp_path, said)
    path = drop(context, 0)
    events(0).assign(colour="red").to_csv(path, index=False)
    collect.run(job(context, FIRST), context)
    assert any("colour" in line for line in said)


def test_a_window_after_the_replayed_sources_last_event_lies_in_the_future(tmp_path: Path) -> None:
    context = shop(tmp_path, collect={"connector": "complete_journey"}, window={"first": "2017-01-01"})
    with pytest.raises(WindowError, match=r"future: the source's last event is 2018-01-01 04:01:20 UTC"):
        collect.run(job(context, "2018-01-07"), context)


def test_a_window_after_now_lies_in_the_future_of_a_growing_source(tmp_path: Path) -> None:
    context = shop(tmp_path)
    far = context.calendar.at(int(timedelta(days=365 * 500) / timedelta(days=7))).name
    with pytest.raises(WindowError, match="in the future: it is now"):
        collect.run(job(context, far), context)


def test_events_dated_later_than_now_are_told_and_wait(tmp_path: Path) -> None:
    said: list[str] = []
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("name: shop\nconnector: files\ntables: {events: {from: {paths: [all.csv]}}}\n", encoding="utf-8")
    context = shop(tmp_path, said)
    context = replace(context, settings=replace(context.settings, mapping=mapping))
    context.settings.drop.mkdir()
    rows = pd.concat([events(0), events(0).head(1).assign(event_id="far", occurred_at="2999-01-01T00:00:00Z")])
    rows.to_csv(context.settings.drop / "all.csv", index=False)
    assert collect.run(job(context, FIRST), context)["windows"][FIRST]["events"] == 960
    assert [line for line in said if "2999-01-01" in line and "wait for their window" in line]
