"""A simulated marketplace whose flaws are known, from its files to the snapshots."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipelines.context import Context, read_context
from pipelines.files import read_json, read_table
from pipelines.jobs import bootstrap_job
from pipelines.runner import run_step
from pipelines.snapshots.partitions import event_files
from sources.marketplace.settings import Options, Settings
from sources.marketplace.world import World
from sources.marketplace.writing import write_simulation
from tests.drop import small_params

FLAWS = ("bots", "duplicates", "late", "corrections", "broken", "added_column")
UNTIL = "2024-02-04"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Context, Path]:
    """Four windows of a small marketplace after collect, validate and snapshot; and the folder of its truth."""
    folder = tmp_path_factory.mktemp("market")
    drop = folder / "drop"
    drop.mkdir()
    options = Options(users=300, items=400, days=28, events=40_000, flaws=FLAWS)
    write_simulation(World(Settings(options=options)), drop, lambda _: None)
    params = folder / "params.yaml"
    params.write_text(yaml.safe_dump(small_params(validate={"max_refused": 0.2})), encoding="utf-8")
    context = read_context(
        environment={
            "TIDEGRAPH_HOME": str(folder / "var"),
            "TIDEGRAPH_PARAMS": str(params),
            "TIDEGRAPH_DROP": str(drop),
            "TIDEGRAPH_MAPPING": str(drop / "mapping.yaml"),
        }
    )
    for step in ("collect", "validate", "snapshot"):
        run_step(step, bootstrap_job(UNTIL, context), context)
    return context, drop / "truth"


def quarantined(context: Context) -> pd.DataFrame:
    paths = sorted(context.path("quarantine").glob("*/events.parquet"))
    return pd.concat([read_table(path).assign(window=path.parent.name) for path in paths], ignore_index=True)


def accepted(context: Context) -> pd.DataFrame:
    """All events of the data registry, with the window they belong to and the one they arrived in."""
    files = list(event_files(context))
    parts = [read_table(file.path).assign(belongs=file.belongs, arrived=file.arrived) for file in files]
    return pd.concat(parts, ignore_index=True)


def is_late(late: pd.DataFrame) -> pd.Series:
    """Which of the late events are so by no more than `validate.max_lateness`, a week, and may join their window."""
    return pd.to_datetime(late["arrives_in"]) - pd.to_datetime(late["belongs_to"]) <= pd.Timedelta(days=7)


def test_every_broken_row_is_quarantined_for_the_promise_it_breaks(market: tuple[Context, Path]) -> None:
    context, truth = market
    broken, refused = pd.read_parquet(truth / "broken.parquet"), quarantined(context)
    told = refused.groupby(["event_id", "window"])["reasons"].agg("; ".join)
    for row in broken.dropna(subset=["event_id"]).itertuples():
        assert row.promise in told.loc[(row.event_id, row.window)]
    assert len(refused) >= len(broken) > 100


def test_no_clean_row_is_quarantined(market: tuple[Context, Path]) -> None:
    context, truth = market
    late = pd.read_parquet(truth / "late.parquet")
    known = {
        *pd.read_parquet(truth / "broken.parquet")["event_id"].dropna(),
        *pd.read_parquet(truth / "duplicates.parquet")["event_id"],
        *late.loc[~is_late(late), "event_id"],
    }
    refused = quarantined(context)
    nameless = refused["reasons"].str.contains("event-id-known")
    assert set(refused.loc[~nameless, "event_id"]) <= known


def test_every_duplicate_counts_once(market: tuple[Context, Path]) -> None:
    context, truth = market
    twice = pd.read_parquet(truth / "duplicates.parquet")["event_id"].unique()
    rows = accepted(context)
    assert not rows.duplicated(["event_id", "revision"]).any()
    late = pd.read_parquet(truth / "late.parquet")
    broken = pd.read_parquet(truth / "broken.parquet")["event_id"]
    lost = {*late.loc[~is_late(late), "event_id"], *broken}
    assert set(twice) - set(rows["event_id"]) <= lost
    assert len(set(twice) & set(rows["event_id"])) > 50


def test_every_late_event_is_in_the_window_it_belongs_to(market: tuple[Context, Path]) -> None:
    context, truth = market
    late = pd.read_parquet(truth / "late.parquet")
    joined = late[is_late(late)].merge(accepted(context), on="event_id")
    assert len(joined) > 50
    assert (joined["belongs"] == joined["belongs_to"]).all()
    assert (joined["arrived"] == joined["arrives_in"]).all()


def test_bots_are_told_by_id_and_nobody_else_is(market: tuple[Context, Path]) -> None:
    context, truth = market
    bots = pd.read_parquet(truth / "bots.parquet")
    assert len(bots)
    for window, rows in bots.groupby("window"):
        told = read_json(context.path("validation", f"{window}.json"))["bot_like"]
        assert set(rows["user_id"]) == set(told)


def test_a_column_that_the_contract_does_not_know_is_kept(market: tuple[Context, Path]) -> None:
    context, truth = market
    (window,) = read_json(truth / "schedule.json")["windows_with_flaws"]
    rows = accepted(context)
    with_it = rows["arrived"] == window
    assert with_it.sum() > 1_000
    assert rows.loc[with_it, "extras"].notna().all()
    assert not rows.loc[~with_it, "extras"].notna().all()
