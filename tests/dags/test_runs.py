"""DAG runs in a real Airflow database: what a step's end means for its task, the tasks after it, and the run."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.errors import ContractError, SnapshotError, SourceError
from pipelines.runner import STEPS


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGRAPH_HOME", str(tmp_path / "home"))


@pytest.fixture
def ends(monkeypatch):
    """Make steps end as told, by name: with the result or the error given; other steps end well. Gives the calls."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def arrange(**told: Any) -> list[tuple[str, dict[str, Any]]]:
        def run_task(step: str, **request: Any) -> dict[str, Any]:
            calls.append((step, request))
            end = told.get(step, {})
            if isinstance(end, Exception):
                raise end
            return end

        monkeypatch.setattr("pipelines.tasks.run_task", run_task)
        monkeypatch.setattr("pipelines.tasks.ask_approval", lambda **request: None)
        return calls

    return arrange


def error(kind):
    return kind("the batch is empty", where="landing/2017-10-08", mend="collect it again")


def test_a_manual_run_without_a_window_is_refused_with_the_name_of_the_forms_field(run_dag, capfd):
    run = run_dag("interest_graph_update")

    assert run.state == "failed"
    assert run.tasks["collect"] == "failed"
    assert "field `window`" in "".join(capfd.readouterr())


def test_the_form_and_the_run_reach_every_step_in_order(run_dag, ends):
    calls = ends()
    run = run_dag("interest_graph_update", window="2017-10-08", mode="full", dry_run=True)

    assert run.state == "success"
    assert [step for step, _ in calls] == list(STEPS)
    asked = calls[0][1]
    assert {key: asked[key] for key in ("kind", "window", "mode", "dry_run")} == {
        "kind": "update", "window": "2017-10-08", "mode": "full", "dry_run": True,
    }  # fmt: skip
    assert asked["airflow_run"].startswith("interest_graph_update/manual__")


def test_a_bootstrap_gets_its_until(run_dag, ends):
    calls = ends()
    run = run_dag("interest_graph_bootstrap", until="2017-10-08")

    assert run.state == "success"
    assert (calls[0][1]["kind"], calls[0][1]["until"]) == ("bootstrap", "2017-10-08")


def test_a_refused_candidate_skips_promotion_and_the_run_succeeds(run_dag, ends):
    ends(promote={"promoted": False, "reason": "worse than the champion"})
    run = run_dag("interest_graph_update", window="2017-10-08")

    assert run.state == "success"
    assert run.tasks["promote"] == "skipped"
    assert (run.tasks["publish"], run.tasks["report"]) == ("success", "success")


def test_where_there_is_nothing_to_ask_nobody_is_waited_for(run_dag, ends):
    ends()
    run = run_dag("interest_graph_update", window="2017-10-08")

    assert (run.tasks["ask"], run.tasks["approval"], run.tasks["promote"]) == ("success", "skipped", "success")


def test_a_promoted_candidate_shows_in_the_tasks_result(run_dag, ends):
    ends(promote={"promoted": True, "version": "2"})
    run = run_dag("interest_graph_update", window="2017-10-08")

    assert run.results["promote"] == {"promoted": True, "version": "2"}


def test_a_broken_promise_fails_the_run_with_its_message_and_nothing_later_runs(run_dag, ends, capfd):
    calls = ends(validate=error(ContractError))
    run = run_dag("interest_graph_update", window="2017-10-08")

    assert run.state == "failed"
    assert [step for step, _ in calls] == ["collect", "validate"]
    assert (run.tasks["validate"], run.tasks["publish"]) == ("failed", "upstream_failed")
    assert "mend:  collect it again" in "".join(capfd.readouterr())


@pytest.mark.parametrize(("kind", "is_final"), [(SourceError, False), (SnapshotError, False), (ContractError, True)])
def test_only_a_source_or_a_registry_that_is_away_may_be_tried_again(airflow_home, ends, monkeypatch, kind, is_final):
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from dags import interest_graph_steps

    monkeypatch.setattr(interest_graph_steps, "request_of", lambda kind: {})
    ends(collect=error(kind))
    with pytest.raises(AirflowException, match="the batch is empty") as raised:
        interest_graph_steps._run("collect", "update")

    assert isinstance(raised.value, AirflowFailException) is is_final
