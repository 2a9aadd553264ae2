"""The task that waits for a person: what is shown and kept where steps are only told; and once with the real ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from pipelines.context import read_context
from pipelines.ledger.book import Ledger
from tests.dags.people import Person
from tests.drop import UNTIL, copy_home, small_params
from tests.pipelines.promotion.approving.shops import UNSURE

WINDOW = "2017-10-08"
REQUEST = {"subject": "Promote?", "body": "**INCONCLUSIVE**", "request": "k1", "seconds": 3600.0}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("pipelines.tasks.run_task", lambda step, **request: {})
    monkeypatch.setattr("pipelines.tasks.ask_approval", lambda **request: REQUEST)
    return tmp_path / "home"


def kept(home):
    return json.loads((home / "updates" / WINDOW / "approval.json").read_text())


def test_a_person_sees_what_is_asked_and_their_name_and_reason_are_kept(home, run_dag):
    with Person("Approve", {"reason": " only tea fell "}) as ana:
        run = run_dag("interest_graph_update", window=WINDOW)

    assert (run.state, run.tasks["approval"], run.tasks["promote"]) == ("success", "success", "success")
    assert (ana.saw["subject"], ana.saw["body"]) == ("Promote?", "**INCONCLUSIVE**")
    assert kept(home) == {"request": "k1", "approved": True, "by": "ana", "reason": "only tea fell"}


@pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": None}, {"reason": 5}, {"why": "a stranger's field"}])
def test_whatever_is_in_the_form_the_run_goes_on_and_no_reason_is_made_up(home, run_dag, form):
    with Person("Approve", form):
        run = run_dag("interest_graph_update", window=WINDOW)

    assert (run.state, run.tasks["promote"]) == ("success", "success")
    assert (kept(home)["approved"], kept(home)["reason"]) == (True, "")


def test_a_rejection_is_no_failure(home, run_dag):
    with Person("Reject", {"reason": "tea matters"}):
        run = run_dag("interest_graph_update", window=WINDOW)

    assert (run.state, run.tasks["approval"], run.tasks["promote"]) == ("success", "success", "success")
    assert kept(home) == {"request": "k1", "approved": False, "by": "ana", "reason": "tea matters"}


def test_what_a_person_approved_serves_and_a_second_run_asks_nothing(run_dag, bootstrapped, tmp_path, monkeypatch):
    shop = copy_home(bootstrapped, tmp_path / "shop")
    params = small_params(gate={"ask_human": True, "rules": UNSURE})
    Path(shop["TIDEGRAPH_PARAMS"]).write_text(yaml.safe_dump(params), encoding="utf-8")
    for name, value in shop.items():
        monkeypatch.setenv(name, value)

    with Person("Approve", {"reason": "only tea fell"}) as ana:
        run = run_dag("interest_graph_update", window=UNTIL)
    again = run_dag("interest_graph_update", window=UNTIL)

    assert "INCONCLUSIVE" in ana.saw["subject"] and "dossier.html" in ana.saw["body"]
    assert (run.state, run.tasks["approval"], run.tasks["promote"]) == ("success", "success", "success")
    assert (again.state, again.tasks["approval"], again.tasks["promote"]) == ("success", "skipped", "success")
    entries = Ledger(read_context(environment=shop).settings.ledger_url).entries()
    assert [(entry.actor, entry.reason) for entry in entries[1:]] == [("ana", "only tea fell")]
