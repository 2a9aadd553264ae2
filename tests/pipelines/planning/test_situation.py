"""What is known before an update, and the mode that follows from it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipelines import registry
from pipelines.context import Context, read_context
from pipelines.files import write_table
from pipelines.graphs.files import read_graph
from pipelines.jobs import update_job
from pipelines.planning.drift import largest_psi, measure_drift
from pipelines.planning.situation import situation_of
from pipelines.records import read_result
from pipelines.runner import perform
from tests.drop import UNTIL, copy_home, events, small_params

BEFORE_PLAN = ("collect", "validate", "snapshot", "refresh")


@pytest.fixture
def context(bootstrapped: Path, tmp_path: Path) -> Context:
    return read_context(environment=copy_home(bootstrapped, tmp_path / "shop"))


def with_policy(context: Context, **policy: object) -> Context:
    params = small_params()
    params["plan"] = {"mode": "auto", "policy": params["plan"]["policy"] | policy}
    place = context.settings.home.parent / "params.yaml"
    place.write_text(yaml.safe_dump(params), encoding="utf-8")
    shop = {"TIDEGRAPH_HOME": "var", "TIDEGRAPH_PARAMS": "params.yaml", "TIDEGRAPH_DROP": "drop"}
    return read_context(environment={name: str(place.parent / value) for name, value in shop.items()})


def planned(context: Context, **policy: object) -> dict:
    context = with_policy(context, **policy)
    return perform([*BEFORE_PLAN, "plan"], update_job(UNTIL, context), context)["plan"].result


def test_after_a_bootstrap_the_delta_is_known_and_what_was_forgotten_is_not(context: Context) -> None:
    job = update_job(UNTIL, context)
    perform(BEFORE_PLAN, job, context)
    base = registry.champion(context)
    assert base is not None
    found = situation_of(job, base, context)
    delta = read_result("refresh", job, context)["delta"]
    assert found.new_edges is not None and 0 < found.new_edges < 1
    assert found.new_edges == delta["edges_born"] / len(
        read_graph(context.path("graphs", UNTIL, "end")).edge_table("user_item")
    )
    assert (found.forgetting, found.windows_since_full, found.retrain_for) == (None, 1.0, ())
    assert found.cpu_seconds.keys() == {"full"} and found.cpu_seconds["full"] > 0


@pytest.mark.parametrize(
    ("policy", "mode", "reason"),
    [
        ({}, "incremental", "the delta is"),
        ({"full_every": 1}, "full", "full fit"),
        ({"psi_much": 0.0, "psi_some": 0.0}, "full", "drift: PSI"),
        ({"full_every": 1, "cpu_budget": 1e-9}, "incremental", "budget"),
    ],
)
def test_auto_chooses_and_says_why(context: Context, policy: dict, mode: str, reason: str) -> None:
    plan = planned(context, **policy)
    assert plan["mode"] == mode
    assert any(reason in each for each in plan["reasons"]), plan["reasons"]
    assert plan["reason"] == plan["reasons"][0]


def test_a_mode_that_is_asked_for_is_the_mode(context: Context) -> None:
    context = with_policy(context, full_every=1)
    plan = perform([*BEFORE_PLAN, "plan"], update_job(UNTIL, context, mode="graph-only"), context)["plan"].result
    assert (plan["mode"], plan["reasons"]) == ("graph-only", ["as asked"])


def test_a_window_like_those_before_does_not_drift_and_another_mix_does(context: Context) -> None:
    job = update_job(UNTIL, context)
    perform(BEFORE_PLAN, job, context)
    graph = read_graph(context.path("graphs", UNTIL, "end"))
    same = {each.name: each for each in measure_drift(job.window, graph, context, psi=0.1)}
    assert not any(each.violated for each in same.values())
    assert largest_psi(list(same.values())) == max(
        same[name].value or 0 for name in ("event types", "categories", "events a user")
    )
    path = context.path("registry", "partitions", UNTIL, "events.parquet")
    table = pd.read_parquet(path)
    one_taste = table[table["item_id"].isin([f"i{4 * number}" for number in range(25)])]
    path.unlink()  # it is linked from the registry's cache
    write_table(path, one_taste.reset_index(drop=True))
    moved = {each.name: each for each in measure_drift(job.window, graph, context, psi=0.1)}
    assert moved["categories"].violated and not same["categories"].violated
    assert len(events(5)) > len(one_taste)
