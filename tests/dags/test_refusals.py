"""The real DAGs with the real steps: a good candidate is promoted, a sabotaged or unsound one is refused.

A person may be asked, and is not: nothing is open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch_geometric.data import HeteroData

from models.catalogue import RECOMMENDERS
from models.flagship.ranker import InterestRanker
from models.recommender import Ranking
from models.state import State
from pipelines.context import read_context
from pipelines.ledger.book import Ledger
from pipelines.serving.served import load_served
from tests.drop import UNTIL, environment, rules, window


class Reversed(InterestRanker):
    """Learns like the flagship, then hands out weights that put the worst first."""

    def state(self) -> State:
        honest = super().state()
        turned = {name: -honest.tensors[name] for name in ("network/skip.weight", "network/gate.4.weight")}
        return replace(honest, tensors=honest.tensors | turned)


class Unsound(InterestRanker):
    """Ranks like the flagship, but its scores are no numbers; the champion, of another kind, stays sound."""

    kind = "unsound"

    @classmethod
    def from_state(cls, state: State, graph: HeteroData) -> InterestRanker:
        maker = super() if state.kind == cls.kind else InterestRanker
        return maker.from_state(state, graph)

    def recommend(self, users: torch.Tensor, k: int, *, new_only: bool = False) -> Ranking:
        ranking = super().recommend(users, k, new_only=new_only)
        return Ranking(ranking.items, torch.full_like(ranking.scores, float("nan")))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment(
        tmp_path_factory.mktemp("refusals") / "shop", windows=8, gate={"rules": rules(0.05), "ask_human": True}
    )


def test_candidates_are_promoted_or_refused_by_what_they_are(shop, run_dag, monkeypatch):
    for name, value in shop.items():
        monkeypatch.setenv(name, value)

    first = run_dag("interest_graph_bootstrap", until=UNTIL)
    assert (first.state, first.tasks["promote"]) == ("success", "success")

    monkeypatch.setitem(RECOMMENDERS, "interest_ranker", Reversed)
    refused = run_dag("interest_graph_update", window=UNTIL)
    assert (refused.state, refused.tasks["promote"], refused.tasks["report"]) == ("success", "skipped", "success")
    assert (verdict(shop, UNTIL)["outcome"], refused.tasks["approval"]) == ("FAIL", "skipped")

    monkeypatch.setitem(RECOMMENDERS, "interest_ranker", Unsound)
    monkeypatch.setitem(RECOMMENDERS, "unsound", Unsound)
    unsound = run_dag("interest_graph_update", window=window(6), mode="full")
    assert (unsound.state, unsound.tasks["promote"]) == ("success", "skipped")
    assert verdict(shop, window(6))["outcome"] == "FAIL"
    assert "not finite" in verdict(shop, window(6))["reasons"][0]

    monkeypatch.setitem(RECOMMENDERS, "interest_ranker", InterestRanker)
    context = read_context(environment=shop)
    assert load_served(context).version == "1"
    good = run_dag("interest_graph_update", window=window(7))
    assert (good.state, good.tasks["approval"], good.tasks["promote"]) == ("success", "skipped", "success")
    entries = Ledger(context.settings.ledger_url).entries()
    assert [(entry.window, entry.base_version) for entry in entries] == [(window(4), None), (window(7), "1")]


def verdict(shop: dict[str, str], name: str) -> dict:
    return json.loads((Path(shop["TIDEGRAPH_HOME"]) / "updates" / name / "verdict.json").read_text())
