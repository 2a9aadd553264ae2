"""On a marketplace: what is bad is refused for its own reason, what is better passes, what breaks later is undone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from features.hetero import to_hetero
from models.gates.decide import decide
from models.metric_table import from_table
from models.state import State
from pipelines import registry
from pipelines.context import Context
from pipelines.evidence import evidence_of
from pipelines.files import read_table
from pipelines.graph_files import read_graph
from pipelines.jobs import bootstrap_job, update_job
from pipelines.lessons import bought_between
from pipelines.model_files import read_state, write_state
from pipelines.publishing import newest_published, publish_lists
from pipelines.ranker import BASELINES, make_baselines
from pipelines.records import read_result
from pipelines.runner import STEPS, perform, run_all
from pipelines.served import load_served
from pipelines.watching.looking import days_to_look_at, look
from sources.marketplace.settings import Options
from tests.drop import copy_home, window
from tests.pipelines.markets import market_at, open_market
from tests.pipelines.sabotage import embeddings_permuted, everything_permuted, shy_of_prices, turned_away

OLD, NEW, NEXT = window(6), window(7), window(8)
"""The last window of the bootstrap, the one that is learned, and the one after it."""
TRIES = 200


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of seven windows serves; of the eighth a candidate was learned, and not judged yet."""
    folder = tmp_path_factory.mktemp("trust") / "market"
    context = open_market(
        folder,
        Options(users=600, items=500, days=84, events=160_000, clean=True),
        fit={"factors": 16, "als_iterations": 8, "slices": 3, "epochs": 5, "near_power": 1.0},
        gate={"min_users": 40, "resamples": 2_000},
        watch={"min_users": 100, "min_days": 3},
    )
    context = tighter(folder)
    run_all(bootstrap_job(NEW, context), context)
    perform(STEPS[: STEPS.index("evaluate")], update_job(NEW, context), context)
    return folder


def tighter(folder: Path) -> Context:
    """With a ceiling on forgetting that this market's few weeks can show: its updates forget nothing."""
    import yaml

    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    for rule in params["gate"]["rules"]:
        if rule["metric"] == "forgetting":
            rule["ceiling"] = 0.01
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return market_at(folder)


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
    before, now = bought(context, OLD), bought(context, NEW)
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


def test_none_of_200_fuzzed_tables_of_metrics_passes_by_mistake(promoted: Path) -> None:
    context = market_at(promoted)
    table = read_table(context.path("updates", NEW, "metrics.parquet"))
    plan = read_result("plan", update_job(NEW, context), context)
    assert _verdict(table, plan, context) == "PASS"
    random = np.random.default_rng(7)
    passed = [
        (number, damage.__name__)
        for number in range(TRIES)
        for damage in [DAMAGES[number % len(DAMAGES)]]
        if _verdict(damage(table.copy(), random), plan, context) == "PASS"
    ]
    assert passed == []


def _verdict(table: pd.DataFrame, plan: dict[str, Any], context: Context) -> str:
    """What the gate says of `table`; of one that cannot be read at all, that."""
    try:
        measured = from_table(table)
    except ValueError:
        return "UNREADABLE"
    evidence = evidence_of(measured, plan, window=NEW, k=context.params.evaluate.k, baselines=BASELINES)
    return decide(evidence, replace(context.params.gate.settings(), resamples=200)).outcome


def _some(table: pd.DataFrame, random: np.random.Generator) -> tuple[str, str]:
    """A model and a slice that have rows."""
    row = table.iloc[int(random.integers(len(table)))]
    return str(row["model"]), str(row["slice"])


def _rows(table: pd.DataFrame, random: np.random.Generator) -> pd.Series:
    model, part = _some(table, random)
    return (table["model"] == model) & (table["slice"] == part)


def _metric(table: pd.DataFrame, random: np.random.Generator) -> str:
    named = [name for name in table.columns if name.startswith(("ndcg", "recall", "map", "hit_rate"))]
    return str(random.choice(named))


def nan(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[random.choice(table.index), _metric(table, random)] = np.nan
    return table


def infinite(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[random.choice(table.index), _metric(table, random)] = random.choice([np.inf, -np.inf, 7.0, -1.0])
    return table


def missing_user(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.drop(index=random.choice(table.index))


def missing_slice(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table[~_rows(table, random)]


def missing_model(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table[table["model"] != random.choice(table["model"].unique())]


def missing_metric(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.drop(columns=_metric(table, random))


def missing_number(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return table.drop(columns=str(random.choice(["model/forgetting", "lists/coverage_at_20", "k", "window"])))


def other_window(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[table["model"] == random.choice(table["model"].unique()), "window"] = OLD
    return table


def other_k(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[_rows(table, random), "k"] = 10
    return table


def other_users(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    table.loc[_rows(table, random), "user_row"] += 1
    return table


def swapped_models(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """A baseline's numbers under the candidate's name, and the other way round."""
    other = str(random.choice(list(BASELINES)))
    table["model"] = table["model"].replace({"candidate": other, other: "candidate"})
    return table


def swapped_users(table: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Two users of one model have each other's place: the rows are no longer those of the same users."""
    rows = table.index[_rows(table, random)]
    first, second = random.choice(len(rows), size=2, replace=False) if len(rows) > 1 else (0, 0)
    users = table.loc[rows, "user_row"].to_numpy().copy()
    users[[first, second]] = users[[second, first]]
    table.loc[rows, "user_row"] = users if first != second else users + 1
    return table


DAMAGES = (
    nan, infinite, missing_user, missing_slice, missing_model, missing_metric, missing_number, other_window, other_k,
    other_users, swapped_models, swapped_users,
)  # fmt: skip


def test_a_backfill_of_ten_old_windows_leaves_the_champion_alone(tmp_path: Path) -> None:
    context = open_market(
        tmp_path / "market",
        Options(users=120, items=150, days=91, events=20_000, clean=True),
        fit={"factors": 8, "als_iterations": 3, "slices": 1, "epochs": 1, "near_power": 1.0},
        evaluate={"cohorts": 0, "slices": []},
        gate={"resamples": 200, "rules": [{"metric": "ndcg_at_20", "floor": 0.0}]},
    )
    run_all(bootstrap_job(window(3), context), context)
    names = [window(number) for number in range(3, 13)]
    for name in names:
        assert run_all(update_job(name, context), context)["promote"]["promoted"]
    before = registry.entries(context), newest_published(context), load_served(context).version

    shutil.rmtree(context.path("updates", names[0], "records"))
    for name in names:
        done = run_all(update_job(name, context, mode="full"), context)
        assert not done["promote"]["promoted"] and "a backfill promotes nothing" in done["promote"]["reason"]
        assert done["promote"]["version"] is not None and done["gate"]["verdict"]["outcome"] == "PASS"
    assert (registry.entries(context), newest_published(context), load_served(context).version) == before
