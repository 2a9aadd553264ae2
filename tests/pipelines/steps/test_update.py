"""A bootstrap and updates on a small shop, end to end: what is promoted, what is served, what is left alone."""

from __future__ import annotations

import multiprocessing
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines import registry
from pipelines.context import Context, read_context
from pipelines.errors import BusyError, ContractError, ParamsError, UnknownUserError, WindowError
from pipelines.files import digest_files, read_json
from pipelines.graphs.erasures import ask_for_erasure
from pipelines.graphs.files import read_graph, write_graph
from pipelines.graphs.folding import rebuild
from pipelines.jobs import update_job
from pipelines.ledger.book import Ledger
from pipelines.locks import hold
from pipelines.runner import run_all, run_step
from pipelines.serving.served import load_served
from pipelines.status import read_status
from pipelines.steps import evaluate
from pipelines.tracking import open_client
from tests.damage import truncate
from tests.drop import UNTIL, small_params, window

NEXT = window(6)


def test_both_are_promoted_and_the_ledger_holds(context: Context) -> None:
    status = read_status(context)
    assert (status["champion"]["version"], status["previous"]["version"]) == ("2", "1")
    assert status["champion"]["window"] == UNTIL
    assert status["ledger_ok"]
    assert set(status["snapshots"]) == {window(index) for index in range(6)}


def test_the_update_is_one_run_with_the_promised_metrics_and_tags(context: Context) -> None:
    champion = registry.champion(context)
    assert champion is not None
    run = open_client(context).get_run(champion.run_id)
    for model in ("candidate", "champion", "popularity", "personal_decay", "ials"):
        for part in ("all", "new"):
            assert 0 <= run.data.metrics[f"{model}/{part}/ndcg_at_20"] <= 1
            assert 0 <= run.data.metrics[f"{model}/{part}/recall_at_20"] <= 1
    assert run.data.metrics["cost/fit_cpu_seconds"] > 0
    assert run.data.tags["window"] == UNTIL
    assert run.data.tags["mode"] == "incremental"
    assert run.data.tags["verdict"] == "PASS"
    assert run.data.tags["snapshot"] == f"snapshot/{UNTIL}"
    assert run.data.tags["base_version"] == "1"
    assert run.info.run_name == f"{UNTIL} incremental"
    assert run.info.status == "FINISHED"


def test_the_run_tells_what_the_update_did_to_the_graph_and_that_a_rebuild_gives_the_same(context: Context) -> None:
    champion = registry.champion(context)
    assert champion is not None
    run = open_client(context).get_run(champion.run_id)
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    stats, diff = (read_json(folder / "graph" / f"{name}.json") for name in ("stats", "diff"))
    assert stats["window"] == UNTIL and stats["nodes"]["user"]["active"] > 0
    assert diff["total"]["edges_born"] == run.data.metrics["graph/edges_born"] > 0
    words = (folder / "graph" / "diff.md").read_text(encoding="utf-8")
    assert UNTIL in words and "gained most: taste" in words
    assert run.data.metrics["graph/largest_weight_difference"] <= 1e-9
    proof = read_json(folder / "decision.json")["refresh"]["proof"]
    assert proof["holds"] and proof["folded"] == proof["rebuilt"]


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("lost", [False, True])
def test_an_update_after_an_erasure_is_judged_whether_or_not_the_graphs_were_lost(
    context: Context, mode: str, lost: bool
) -> None:
    """The first and the last known user go: no row moves up, and the champion finds all of its rows."""
    known = read_graph(context.path("graphs", UNTIL, "end")).users["user_id"].tolist()
    for user in (known[0], known[-1]):
        ask_for_erasure(user, datetime(2026, 1, 1, tzinfo=UTC), context)
    if lost:
        shutil.rmtree(context.path("graphs"))
    row = run_all(update_job(NEXT, context, mode=mode), context)["report"]["row"]
    assert row["mode"] == mode and row["verdict"] in ("PASS", "FAIL")
    now = read_graph(context.path("graphs", NEXT, "end")).users["user_id"].tolist()[: len(known)]
    assert pd.isna([now[0], now[-1]]).all() and now[1:-1] == known[1:-1]


def test_an_update_whose_last_graph_is_damaged_rebuilds_its_own_and_tells_no_difference(
    variables: dict[str, str],
) -> None:
    said: list[str] = []
    context = read_context(environment=variables, say=said.append)
    truncate(next(context.path("graphs", UNTIL, "end").rglob("edges-user_item.arrow")))
    assert run_all(update_job(NEXT, context), context)["report"]["row"]["verdict"] in ("PASS", "FAIL")
    assert any("report: no difference is told" in line for line in said)


@pytest.mark.parametrize("mode", ["full", "incremental", "graph-only"])
def test_half_lives_that_the_champion_did_not_learn_with_are_refused_before_anything_is_learned(
    variables: dict[str, str], mode: str
) -> None:
    half_lives = small_params()["refresh"]["half_lives"] | {"user_item": ["7d", "21d", "112d", "200d"]}
    params = small_params(refresh={"half_lives": half_lives})
    Path(variables["TIDEGRAPH_PARAMS"]).write_text(yaml.safe_dump(params), encoding="utf-8")
    context = read_context(environment=variables)
    with pytest.raises(ParamsError, match=r"7d, 21d, 56d, 112d, and params\.yaml has 7d, 21d, 112d, 200d"):
        run_all(update_job(NEXT, context, mode=mode), context)
    assert registry.champion(context).version == "2"


def test_a_champion_that_knows_more_rows_than_the_graph_has_stops_the_evaluation(context: Context) -> None:
    job = update_job(NEXT, context)
    for step in ("collect", "validate", "snapshot", "refresh", "plan", "fit"):
        run_step(step, job, context)
    shutil.rmtree(context.path("graphs", NEXT, "cut"))
    smaller = next(rebuild(context, [context.calendar.origin + timedelta(days=1)]))
    write_graph(context.path("graphs", NEXT, "cut"), smaller, about={})
    with pytest.raises(ContractError, match="cannot be judged"):
        evaluate.run(job, context)


def test_an_update_that_is_done_changes_nothing(context: Context) -> None:
    row = run_all(update_job(UNTIL, context), context)["report"]["row"]
    assert row["champion_version"] == "2"
    assert len(Ledger(context.settings.ledger_url).entries()) == 2
    assert len(open_client(context).search_model_versions("name = 'interest-graph'")) == 2


def test_an_update_run_again_under_other_params_is_another_one_that_has_nothing_to_learn(
    variables: dict[str, str],
) -> None:
    params = small_params(fit={"update_epochs": 1})
    Path(variables["TIDEGRAPH_PARAMS"]).write_text(yaml.safe_dump(params), encoding="utf-8")
    context = read_context(environment=variables)
    for _ in range(2):
        result = run_all(update_job(UNTIL, context), context)
        assert not result["promote"]["promoted"]
        assert "a backfill promotes nothing" in result["promote"]["reason"]
    assert read_json(context.path("updates", UNTIL, "row.json"))["verdict"] == "PASS"


def test_rows_changed_after_they_were_folded_make_the_next_update_rebuild_the_graph(
    context: Context, variables: dict[str, str]
) -> None:
    dropped = Path(variables["TIDEGRAPH_DROP"]) / window(2) / "events.csv"
    dropped.write_text("".join(dropped.read_text().splitlines(keepends=True)[:-20]))
    run_all(update_job(window(2), context), context)
    assert read_status(context)["snapshots"][window(2)] == [f"snapshot/{window(2)}", f"snapshot/{window(2)}.r2"]
    result = run_all(update_job(NEXT, context), context)
    assert result["refresh"]["note"] == "rebuilt: rows of earlier windows changed"


def test_a_window_the_champion_already_covers_promotes_nothing_and_says_why(context: Context) -> None:
    result = run_all(update_job(window(3), context), context)
    assert not result["promote"]["promoted"]
    assert "is not after the champion's" in result["promote"]["reason"]
    assert len(Ledger(context.settings.ledger_url).entries()) == 2


def test_a_backfill_is_judged_and_registered_and_promotes_and_publishes_nothing(context: Context) -> None:
    run_all(update_job(NEXT, context), context)
    lists = digest_files(context.path("predictions", NEXT))
    kept = context.path("updates", UNTIL, "memory.json")
    kept.write_text("{}")
    changed = context.params.fit.model_copy(update={"update_epochs": 2})
    context = replace(context, params=context.params.model_copy(update={"fit": changed}))
    result = run_all(update_job(UNTIL, context), context)
    assert result["plan"]["base"]["version"] == "1"
    assert result["gate"]["verdict"]["outcome"] == "PASS"
    assert (result["promote"]["promoted"], result["promote"]["version"]) == (False, "4")
    assert "already covers" in result["publish"]["skipped"]
    client = open_client(context)
    assert client.get_model_version(registry.MODEL, "4").tags["backfill"] == "true"
    assert "candidate" not in client.get_registered_model(registry.MODEL).aliases
    assert load_served(context).version == "3"
    assert digest_files(context.path("predictions", NEXT)) == lists
    assert result["evaluate"]["memory"].keys() == {window(4)}
    assert kept.read_text() == "{}"  # what version 2 remembers, whatever a backfill of its window does
    assert [entry.version for entry in Ledger(context.settings.ledger_url).entries()] == ["1", "2", "3"]
    assert read_json(context.path("updates", UNTIL, "row.json"))["promoted"]


def test_an_unknown_user_is_told_so(context: Context) -> None:
    with pytest.raises(UnknownUserError, match="'nobody' is not in the graph"):
        load_served(context).recommend("nobody", 5)


def test_a_window_whose_predecessor_is_missing_names_it(context: Context) -> None:
    with pytest.raises(WindowError, match=f"{window(7)} is not in the graph.*\n.*\n.*update --window {NEXT}"):
        run_step("collect", update_job(window(8), context), context)


def test_a_broken_batch_promise_stops_the_run_and_the_champion_keeps_serving(context: Context) -> None:
    place = context.settings.drop / NEXT / "events.csv"
    whole = place.read_text()
    place.write_text(whole.splitlines()[0] + "\n")
    try:
        with pytest.raises(ContractError, match=NEXT):
            run_all(update_job(NEXT, context), context)
    finally:
        place.write_text(whole)
    assert load_served(context).version == "2"
    assert not context.path("accepted", NEXT).exists()


def test_a_missing_graph_is_rebuilt_and_equals_the_folded_one(context: Context) -> None:
    folded = read_graph(context.path("graphs", UNTIL, "end"))
    shutil.rmtree(context.path("graphs"))
    result = run_step("refresh", update_job(UNTIL, context), context)
    rebuilt = read_graph(context.path("graphs", UNTIL, "end"))
    assert result["note"].startswith("rebuilt")
    exact = ["user_row", "item_row", "count", "first_at", "last_at"]
    pd.testing.assert_frame_equal(rebuilt.edges[exact], folded.edges[exact])
    np.testing.assert_allclose(rebuilt.weights(), folded.weights(), rtol=1e-9)


def test_a_dry_run_registers_promotes_and_publishes_nothing(context: Context) -> None:
    result = run_all(update_job(NEXT, context, dry_run=True), context)
    assert result["gate"]["verdict"]["outcome"] == "PASS"
    assert result["promote"] == {
        "promoted": False,
        "version": None,
        "reason": "dry run: nothing is registered or promoted",
    }
    assert not context.path("predictions", NEXT).exists()
    assert len(open_client(context).search_model_versions("name = 'interest-graph'")) == 2


def test_a_second_update_of_a_window_at_work_is_refused(context: Context) -> None:
    with hold(context.path("locks"), f"window-{NEXT}"), pytest.raises(BusyError, match="another process"):
        run_all(update_job(NEXT, context), context)


def test_two_updates_of_one_window_at_once_end_with_one_version_and_one_entry(
    context: Context, variables: dict[str, str]
) -> None:
    spawn = multiprocessing.get_context("forkserver")
    both = [spawn.Process(target=_update, args=(variables, NEXT)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(300)
    assert sorted(process.exitcode or 0 for process in both) == [0, 3]  # one did it, one was told it is busy
    entries = Ledger(context.settings.ledger_url).entries()
    assert [entry.window for entry in entries].count(NEXT) == 1
    assert len(open_client(context).search_model_versions("name = 'interest-graph'")) == 3


def _update(variables: dict[str, str], name: str) -> None:
    context = read_context(environment=variables)
    try:
        run_all(update_job(name, context), context)
    except BusyError:
        raise SystemExit(3) from None
