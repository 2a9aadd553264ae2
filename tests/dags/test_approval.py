"""The task that waits for a person, in DAG runs whose steps are only told: what is shown, and what is kept."""

from __future__ import annotations

import json

import pytest

from tests.dags.people import Person

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
