"""Late, doubled and corrected events of a small shop, through the steps up to the graph."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.context import Context, read_context
from pipelines.files import digest_files, read_table
from pipelines.graphs.files import read_graph
from pipelines.jobs import update_job
from pipelines.runner import run_step
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.snapshots.partitions import read_events
from tests.drop import UNTIL, copy_home, events, window

STEPS = ("collect", "validate", "snapshot", "refresh")
LAST = window(4)
"""The window before UNTIL, the bootstrap's last."""


@pytest.fixture
def context(bootstrapped: Path, tmp_path: Path) -> Context:
    return read_context(environment=copy_home(bootstrapped, tmp_path / "shop"))


def drop(context: Context, *more: dict[str, object]) -> dict:
    """Drop UNTIL's events and these, each with what an ordinary purchase has where it says nothing; run the steps."""
    ordinary = {"user_id": "u1", "item_id": "i1", "event_type": "purchase", "quantity": 1, "value": 2.5, "revision": 0}
    rows = pd.concat([events(5).assign(revision=0), pd.DataFrame([ordinary | one for one in more])])
    rows.to_csv(context.settings.drop / UNTIL / "events.csv", index=False)
    return {step: run_step(step, update_job(UNTIL, context), context) for step in STEPS}


def edge(context: Context, user: str, item: str) -> pd.Series:
    graph = read_graph(context.path("graphs", UNTIL, "end"))
    at = graph.users["user_id"].eq(user).idxmax(), graph.items["item_id"].eq(item).idxmax()
    found = graph.edges[(graph.edges["user_row"] == at[0]) & (graph.edges["item_row"] == at[1])]
    return found.iloc[0] if len(found) else pd.Series({"count": 0})


def quarantined(context: Context) -> dict[str, str]:
    path = context.path("quarantine", UNTIL, "events.parquet")
    return dict(read_table(path)[["event_id", "reasons"]].to_numpy()) if path.exists() else {}


def test_a_late_event_joins_the_window_it_belongs_to_as_a_new_revision(context: Context) -> None:
    folder = open_data_registry(context).partition_path(LAST)
    before = digest_files(folder)
    done = drop(context, {"event_id": "late", "item_id": "i99", "occurred_at": f"{LAST}T10:00:00Z"})
    assert done["validate"]["windows"][UNTIL]["late"] == {LAST: 1}
    assert done["snapshot"]["tags"] == {LAST: f"snapshot/{LAST}.r2", UNTIL: f"snapshot/{UNTIL}"}
    assert read_table(folder / f"late-{UNTIL}.parquet")["event_id"].tolist() == ["late"]
    assert digest_files(folder) != before
    assert not read_table(context.path("accepted", UNTIL, "events.parquet"))["event_id"].eq("late").any()
    assert edge(context, "u1", "i99")["count"] == 1


def test_the_partition_of_before_is_still_read_back_by_its_tag(context: Context, tmp_path: Path) -> None:
    drop(context, {"event_id": "late", "occurred_at": f"{LAST}T10:00:00Z"})
    old = open_data_registry(context).read_back(f"snapshot/{LAST}", tmp_path / "old")
    assert not (old / f"late-{UNTIL}.parquet").exists()


def test_a_late_event_that_is_no_longer_brought_leaves_its_window_again(context: Context) -> None:
    drop(context, {"event_id": "late", "item_id": "i99", "occurred_at": f"{LAST}T10:00:00Z"})
    done = drop(context, {"event_id": "on time", "item_id": "i99", "occurred_at": f"{UNTIL}T10:00:00Z"})
    assert done["snapshot"]["tags"] == {LAST: f"snapshot/{LAST}.r3", UNTIL: f"snapshot/{UNTIL}.r2"}
    belonging = read_events(context, [context.calendar.window(LAST)])
    assert not belonging["event_id"].eq("late").any()


def test_an_event_that_is_too_late_or_yet_to_come_is_quarantined_with_the_reason(context: Context) -> None:
    drop(
        context,
        {"event_id": "old", "occurred_at": f"{window(3)}T10:00:00Z"},
        {"event_id": "early", "occurred_at": f"{window(6)}T00:00:00Z"},
    )
    reasons = quarantined(context)
    assert reasons["old"].startswith("not-too-late:")
    assert reasons["early"].startswith("not-yet-to-come:")


def test_an_event_doubled_within_or_across_windows_counts_once(context: Context) -> None:
    known = read_table(context.path("accepted", LAST, "events.parquet")).iloc[0]
    counted = int(edge_count_at_bootstrap(context, known["user_id"], known["item_id"]))
    same = {name: known[name] for name in ("event_id", "user_id", "item_id", "event_type")}
    twice = {"event_id": "twice", "item_id": "i99", "occurred_at": f"{UNTIL}T10:00:00Z"}
    drop(context, same | {"occurred_at": known["occurred_at"].isoformat()}, twice, twice)
    assert edge(context, "u1", "i99")["count"] == 1
    own = events(5)
    more = ((own["user_id"] == known["user_id"]) & (own["item_id"] == known["item_id"])).sum()
    assert edge(context, known["user_id"], known["item_id"])["count"] == counted + more
    assert set(quarantined(context)) == {known["event_id"], "twice"}


def test_a_higher_revision_replaces_the_event_and_a_lower_one_is_refused(context: Context) -> None:
    known = read_table(context.path("accepted", LAST, "events.parquet")).iloc[0]
    pair = known["user_id"], known["item_id"]
    counted = int(edge_count_at_bootstrap(context, *pair))
    own = events(5)
    more = ((own["user_id"] == pair[0]) & (own["item_id"] == pair[1])).sum()
    correction = {"event_id": known["event_id"], "user_id": pair[0], "item_id": "i98"}
    at = f"{UNTIL}T10:00:00Z"
    drop(context, correction | {"revision": 2, "occurred_at": at}, correction | {"revision": -1, "occurred_at": at})
    assert edge(context, *pair)["count"] == counted - 1 + more
    assert edge(context, pair[0], "i98")["count"] == 1 + ((own["user_id"] == pair[0]) & (own["item_id"] == "i98")).sum()
    assert "event-id-once" in quarantined(context)[known["event_id"]]


def edge_count_at_bootstrap(context: Context, user: str, item: str) -> int:
    rows = pd.concat([events(index) for index in range(5)])
    return ((rows["user_id"] == user) & (rows["item_id"] == item)).sum()
