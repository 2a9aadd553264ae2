"""On a marketplace: what is bad is refused for its own reason, what is better passes, what breaks later is undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from features.hetero import to_hetero
from models.state import State
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.files import read_table, write_table
from pipelines.graphs.files import read_graph
from pipelines.jobs import bootstrap_job, update_job
from pipelines.judging.lessons import bought_between
from pipelines.judging.ranker import make_baselines
from pipelines.runner import STEPS, perform, run_all
from pipelines.serving.model_files import read_state, write_state
from pipelines.serving.publishing import newest_published, publish_lists
from pipelines.serving.served import load_served
from pipelines.steps import gate
from pipelines.watching.looking import days_to_look_at, look
from sources.marketplace.settings import Options
from tests.drop import copy_home, window
from tests.pipelines.damaged_metrics import DAMAGES
from tests.pipelines.markets import market_at, open_market, shipped_rules
from tests.pipelines.sabotage import embeddings_permuted, everything_permuted, shy_of_prices, turned_away

OLD, NEW = [window(number) for number in range(3, 7)], window(7)
"""The last windows of the bootstrap, and the one that is learned."""
TRIES = 200


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of seven windows serves; of the eighth a candidate was learned, and not judged yet."""
    folder = tmp_path_factory.mktemp("trust") / "market"
    context = open_market(
        folder,
        Options(users=600, items=500, days=84, events=160_000, clean=True),
        fit={"factors": 16, "als_iterations": 8, "slices": 3, "epochs": 5, "near_power": 1.0},
        # Updates of seeds 7, 8 and 9 forget .001 to .004, forgetful ones .014 and more; 300 users cannot tell 1.5 %.
        gate={"min_users": 40, "resamples": 2_000, "rules": shipped_rules(forgetting=0.006, margin=0.03)},
        watch={"min_users": 100, "min_days": 3},
    )
    run_all(bootstrap_job(NEW, context), context)
    perform(STEPS[: STEPS.index("evaluate")], update_job(NEW, context), context)
    return folder


@pytest.fixture
def context(learned: Path, tmp_path: Path) -> Context:
    copy_home(learned, tmp_path / "market")
    return market_at(tmp_path / "market")


@pytest.fixture(scope="module")
def promoted(learned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The honest candidate was judged, and serves."""
    folder = tmp_path_factory.mktemp("promoted") / "market"
    copy_home(learned, folder)
    context = market_at(folder)
    run_all(update_job(NEW, context), context)
    return folder


def honest(context: Context) -> State:
    return read_state(context.path("updates", NEW, "candidate"))


def judge(context: Context, candidate: State) -> dict[str, Any]:
    """Put `candidate` in place of the one that was learned; gives its verdict. It has to be refused or promoted."""
    write_state(context.path("updates", NEW, "candidate"), candidate)
    done = run_all(update_job(NEW, context), context)
    verdict: dict[str, Any] = done["gate"]["verdict"]
    assert done["promote"]["promoted"] == (verdict["outcome"] == "PASS")
    return verdict


def failed(verdict: dict[str, Any], *outcomes: str) -> set[str]:
    return {rule["name"] for rule in verdict["rules"] if rule["outcome"] in (outcomes or ("FAIL",))}


def serving(context: Context) -> str:
    champion = registry.champion(context)
    assert champion is not None
    return champion.version


def bought(context: Context, name: str) -> Tensor:
    """[2, n] pairs bought in the hold-out of the update of NEW, or in all of an earlier window `name`."""
    graph, job = read_graph(context.path("graphs", NEW, "cut")), update_job(name, context)
    start = job.cut(context.params.evaluate) if name == NEW else job.window.start
    return bought_between(start, job.window.end, graph, context, update_job(NEW, context).window)


def test_a_candidate_whose_tensors_are_all_permuted_is_refused_as_worse_than_the_champion(context: Context) -> None:
    assert "champion: ndcg_at_20, all" in failed(judge(context, everything_permuted(honest(context))))
    assert serving(context) == newest_published(context)["version"] == "1"


def test_a_candidate_whose_embeddings_alone_are_permuted_is_refused_as_no_match_for_the_champion(
    context: Context,
) -> None:
    verdict = judge(context, embeddings_permuted(honest(context)))
    assert "champion: ndcg_at_20, all" in failed(verdict, "FAIL", "INCONCLUSIVE")
    assert serving(context) == "1"


def popularity_of(context: Context) -> State:
    model = make_baselines(context.params.evaluate, 7)["popularity"]
    model.fit([], to_hetero(read_graph(context.path("graphs", NEW, "cut"))))
    return model.state()


def test_a_candidate_that_knows_popularity_alone_is_refused_as_no_better_than_a_baseline(context: Context) -> None:
    assert "best_baseline: ndcg_at_20, all" in failed(judge(context, popularity_of(context)))
    assert serving(context) == "1"


def test_a_candidate_that_forgot_whom_and_what_it_does_not_see_now_is_refused_for_forgetting_alone(
    context: Context,
) -> None:
    before, now = torch.cat([bought(context, name) for name in OLD], dim=1), bought(context, NEW)
    users, items = ((before[side][~torch.isin(before[side], now[side])]).unique() for side in (0, 1))
    verdict = judge(context, turned_away(honest(context), users, items))
    assert failed(verdict, "FAIL", "INCONCLUSIVE") == {"ceiling: forgetting, all"}
    assert serving(context) == "1"


def test_a_candidate_that_shuns_what_is_dear_is_refused_for_those_slices(context: Context) -> None:
    found = failed(judge(context, shy_of_prices(honest(context), 0.35)))
    assert "champion: ndcg_at_20, price/high" in found
    assert not found & {"champion: ndcg_at_20, all", "champion: ndcg_at_20, price/low"}
    assert serving(context) == "1"


def test_a_candidate_that_is_truly_better_than_its_champion_passes(context: Context) -> None:
    write_state(registry.model_folder(context, "1") / "state", popularity_of(context))
    verdict = judge(context, honest(context))
    against = next(rule for rule in verdict["rules"] if rule["name"] == "champion: ndcg_at_20, all")
    assert verdict["outcome"] == "PASS" and against["lower"] > 0.3
    assert serving(context) == newest_published(context)["version"] == "2"


def test_a_champion_broken_after_its_promotion_is_rolled_back_within_two_windows(
    promoted: Path, tmp_path: Path
) -> None:
    copy_home(promoted, tmp_path / "market")
    context = market_at(tmp_path / "market")
    before = load_served(market_at(promoted)).version
    folder = registry.model_folder(context, "2") / "state"
    state = read_state(folder)
    turned = {name: -state.tensors[name] for name in ("network/gate.4.weight", "network/skip.weight")}
    write_state(folder, replace(state, tensors=state.tensors | turned))
    publish_lists(context, "2", NEW)
    assert before == serving(context) == "2"

    looks = [look(day, context) for day in days_to_look_at(context)]
    (undone,) = [each for each in looks if each["action"]["rolled_back"]]
    assert undone["finding"]["finding"] == "REGRESSED"
    assert load_served(context).version == newest_published(context)["version"] == "1"
    assert registry.entries(context)[-1].actor == "watch"


def test_none_of_200_fuzzed_tables_of_metrics_passes_by_mistake(promoted: Path, tmp_path: Path) -> None:
    copy_home(promoted, tmp_path / "market")
    context, random = market_at(tmp_path / "market"), np.random.default_rng(7)
    table = read_table(context.path("updates", NEW, "metrics.parquet"))
    assert gate_says(table, context) == "PASS"
    damages = [DAMAGES[number % len(DAMAGES)] for number in range(TRIES)]
    passed = [damage.__name__ for damage in damages if gate_says(damage(table.copy(), random), context) == "PASS"]
    assert passed == []


def gate_says(table: pd.DataFrame, context: Context) -> str:
    """The verdict of the step on `table`; of one that it cannot read at all, that."""
    write_table(context.path("updates", NEW, "metrics.parquet"), table)
    try:
        return str(gate.run(update_job(NEW, context), context)["verdict"]["outcome"])
    except ContractError:
        return "UNREADABLE"


def test_a_backfill_of_ten_old_windows_leaves_the_champion_alone(tmp_path: Path) -> None:
    context = open_market(
        tmp_path / "market",
        Options(users=120, items=150, days=98, events=20_000, clean=True),
        fit={"factors": 8, "als_iterations": 3, "slices": 1, "epochs": 1, "near_power": 1.0},
        evaluate={"cohorts": 0, "slices": []},
        gate={"resamples": 200, "rules": [{"metric": "ndcg_at_20", "floor": 0.0}]},
    )
    run_all(bootstrap_job(window(3), context), context)
    names = [window(number) for number in range(3, 13)]
    for name in names:  # their updates got no further
        perform(STEPS[: STEPS.index("plan")], update_job(name, context), context)
    assert run_all(update_job(window(13), context), context)["promote"]["promoted"]
    before = registry.entries(context), newest_published(context), load_served(context).version

    for name in names:
        done = run_all(update_job(name, context, mode="full"), context)
        assert not done["promote"]["promoted"] and "a backfill promotes nothing" in done["promote"]["reason"]
        assert done["promote"]["version"] is not None and done["gate"]["verdict"]["outcome"] == "PASS"
    assert (registry.entries(context), newest_published(context), load_served(context).version) == before
