"""Validate: nothing is dropped, a broken batch stops the run, and doing it again gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.context import Context
from pipelines.errors import ContractError, StoreError
from pipelines.files import digest_files, read_json, read_table, write_table
from pipelines.jobs import Job
from pipelines.params.shape import Params
from pipelines.settings import read_settings
from pipelines.steps import collect, validate
from tests.drop import catalogue, events, small_params, window

FIRST, SECOND = window(0), window(1)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    settings = read_settings({"TIDEGRAPH_HOME": str(tmp_path / "var"), "TIDEGRAPH_DROP": str(tmp_path / "drop")})
    return Context(settings, Params.model_validate(small_params()))


def land(context: Context, *names: str, **tables: pd.DataFrame) -> Job:
    """Drop and collect the windows named; `tables` stand in for those of the first one."""
    for index, name in enumerate(names):
        folder = context.settings.drop / name
        folder.mkdir(parents=True, exist_ok=True)
        content = {"events": events(index)} | ({"items": catalogue()} | tables if index == 0 else {})
        for table, rows in content.items():
            rows.to_csv(folder / f"{table}.csv", index=False)
    windows = tuple(context.calendar.window(name) for name in names)
    job = Job("bootstrap" if len(names) > 1 else "update", windows, "full")
    collect.run(job, context)
    return job


def flawed() -> pd.DataFrame:
    """The first window's events with three broken rows, one of them in two ways."""
    rows = events(0).reset_index(drop=True)
    rows.loc[10, "quantity"] = 0
    rows.loc[20, "user_id"] = None
    rows.loc[30, ["event_type", "user_id"]] = ["ponder", None]
    return rows


def test_broken_rows_are_quarantined_with_every_reason_and_the_others_accepted(context: Context) -> None:
    result = validate.run(land(context, FIRST, events=flawed()), context)["windows"][FIRST]
    assert result["collected"]["events"] == 960
    assert result["accepted"] == {"events": 957, "users": 0, "items": 100}
    assert result["quarantined"] == {"events": 3, "users": 0, "items": 0}
    assert result["reasons"] == {"purchase-quantity-positive": 1, "user-id-known": 2, "event-type-in-set": 1}
    quarantine = read_table(context.path("quarantine", FIRST, "events.parquet"))
    both = quarantine.loc[quarantine["event_type"] == "ponder", "reasons"].item()
    assert [reason.split(":")[0] for reason in both.split("; ")] == ["user-id-known", "event-type-in-set"]


def test_accepted_and_quarantined_rows_together_are_the_landing(context: Context) -> None:
    validate.run(land(context, FIRST, events=flawed()), context)
    landing, accepted, quarantine = (
        read_table(context.path(place, FIRST, "events.parquet")) for place in ("landing", "accepted", "quarantine")
    )
    refused = quarantine.set_index("row").drop(columns="reasons")
    pd.testing.assert_frame_equal(refused, landing.loc[refused.index], check_names=False)
    pd.testing.assert_frame_equal(accepted, landing.drop(index=refused.index, columns="fault").reset_index(drop=True))


def test_only_tables_with_refused_rows_lie_in_the_quarantine(context: Context) -> None:
    validate.run(land(context, FIRST, events=flawed()), context)
    assert [path.name for path in context.path("quarantine", FIRST).iterdir()] == ["events.parquet"]


def test_validating_again_gives_the_same_result_and_the_same_bytes(context: Context) -> None:
    job = land(context, FIRST, events=flawed())

    def state() -> list[object]:
        result = validate.run(job, context)
        folders = [digest_files(context.path(place, FIRST)) for place in ("accepted", "quarantine")]
        return [result, *folders, read_json(context.path("validation", f"{FIRST}.json"))]

    first = state()
    assert state() == first


def test_a_mended_window_leaves_no_old_quarantine(context: Context) -> None:
    validate.run(land(context, FIRST, events=flawed()), context)
    validate.run(land(context, FIRST), context)
    assert list(context.path("quarantine", FIRST).iterdir()) == []
    assert len(read_table(context.path("accepted", FIRST, "events.parquet"))) == 960


BROKEN: dict[str, tuple[pd.DataFrame, str]] = {
    "an empty window": (events(0).iloc[:0], "not-empty"),
    "too many rows refused": (events(0).assign(quantity=0), "share-refused"),
    "a clock that runs backwards": (events(0).assign(occurred_at="2023-12-01"), "clock-forward"),
}


@pytest.mark.parametrize(("table", "promise"), BROKEN.values(), ids=BROKEN)
def test_a_broken_batch_stops_the_run_and_nothing_is_accepted(
    context: Context, table: pd.DataFrame, promise: str
) -> None:
    job = land(context, FIRST, events=table)
    with pytest.raises(ContractError) as caught:
        validate.run(job, context)
    assert promise in caught.value.what
    assert FIRST in caught.value.what
    assert "run the same command again" in caught.value.mend
    assert not context.path("accepted").exists()
    stored = read_json(context.path("validation", f"{FIRST}.json"))
    assert not stored["passed"]
    assert any(promise in sentence for sentence in stored["broken"])
    assert stored["accepted"]["events"] == stored["quarantined"]["events"] == 0
    assert "stopped" in context.path("validation", "docs", "index.html").read_text()
    assert promise in context.path("validation", "docs", FIRST, "events.html").read_text()


def test_a_landing_that_lost_a_column_stops_the_run_and_the_column_is_named(context: Context) -> None:
    job = land(context, FIRST)
    path = context.path("landing", FIRST, "items.parquet")
    write_table(path, read_table(path).drop(columns="item_id"))
    with pytest.raises(ContractError, match="missing: item_id"):
        validate.run(job, context)


def test_a_window_that_never_landed_is_refused_with_its_path(context: Context) -> None:
    job = Job("update", (context.calendar.window(FIRST),), "full")
    with pytest.raises(StoreError, match=rf"landing/{FIRST}"):
        validate.run(job, context)


def test_the_windows_before_a_broken_one_stay_accepted(context: Context) -> None:
    job = land(context, FIRST, SECOND)
    path = context.path("landing", SECOND, "events.parquet")
    write_table(path, read_table(path).iloc[:0])
    with pytest.raises(ContractError, match=SECOND):
        validate.run(job, context)
    assert [path.name for path in context.path("accepted").iterdir()] == [FIRST]


def test_an_item_is_in_the_catalogue_once_any_earlier_window_brought_it(context: Context) -> None:
    job = land(context, FIRST, SECOND)
    validate.run(job, context)
    again = validate.run(Job("update", job.windows[1:], "full"), context)
    assert again["windows"][SECOND]["warnings"] == []


def test_an_item_missing_from_the_catalogue_is_accepted_with_a_warning(context: Context) -> None:
    result = validate.run(land(context, FIRST, items=catalogue().iloc[1:]), context)["windows"][FIRST]
    assert result["accepted"]["events"] == 960
    assert len(result["warnings"]) == 1
    assert "item-in-catalogue" in result["warnings"][0]


def test_the_catalogue_of_a_later_window_does_not_reach_back(context: Context) -> None:
    job = land(context, FIRST, SECOND, items=catalogue().iloc[:0])
    late = context.path("landing", SECOND, "items.parquet")
    first_items = catalogue().assign(valid_from=job.windows[1].start)
    write_table(late, first_items.reindex(columns=read_table(late).columns).astype(read_table(late).dtypes.to_dict()))
    windows = validate.run(job, context)["windows"]
    assert windows[FIRST]["warnings"]
    assert not windows[SECOND]["warnings"]
    alone = validate.run(Job("update", job.windows[:1], "full"), context)["windows"]
    assert alone[FIRST]["warnings"] == windows[FIRST]["warnings"]


def test_each_window_has_a_page_and_the_index_leads_to_it(context: Context) -> None:
    validate.run(land(context, FIRST, SECOND), context)
    index = context.path("validation", "docs", "index.html").read_text()
    for name in (FIRST, SECOND):
        assert f'href="{name}/events.html"' in index
        assert "Validation" in context.path("validation", "docs", name, "events.html").read_text()
