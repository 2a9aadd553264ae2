"""One update's lineage: what it ties together, and what it says where something is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.lineage.facts import Facts
from pipelines.lineage.record import tie_together
from pipelines.lineage.written_params import write_params
from pipelines.params.file import read_params
from pipelines.params.shape import Params
from pipelines.settings import ROOT
from tests.pipelines.dossier.dossiers import records

WINDOW = "2024-02-04"


def facts(**changes: Any) -> Facts:
    """Of an update whose graph was folded into that of the window before."""
    given: dict[str, Any] = {
        "kind": "update",
        "windows": (WINDOW,),
        "airflow_run": "manual__1",
        "tags": {"code_revision": "c0de", "git_commit": "5ea1"},
        "results": {step: record["result"] for step, record in records().items()},
        "landings": {WINDOW: {"connector": "files", "fingerprint": "f1", "files": {"events.csv": "ab"}, "rows": {}}},
        "validations": {WINDOW: {"passed": True, "sha256": "v1"}},
        "knew": {"2024-01-28": ("snapshot/2024-01-28", "d0"), WINDOW: (f"snapshot/{WINDOW}", "d1")},
        "graph": {"parent": {"window": "2024-01-28", "hash": "h0"}, "erasures": 1},
        "parent": {"graph_folds": [{"window": "2024-01-28", "hash": "h0"}]},
    }
    return Facts(**{**given, **changes})


def test_a_lineage_ties_run_code_data_graph_model_version_and_lists() -> None:
    told = tie_together(facts())
    assert (told["airflow_run"], told["mlflow_run"], told["code_revision"]) == ("manual__1", "r1", "c0de")
    assert told["sources"] == [
        {"window": WINDOW, "connector": "files", "fingerprint": "f1", "files": {"events.csv": "ab"}}
    ]
    assert told["validation"] == [{"window": WINDOW, "passed": True, "digest": "v1"}]
    assert told["snapshots"] == [{"window": WINDOW, "tag": f"snapshot/{WINDOW}", "digest": "d1"}]
    assert [each["window"] for each in told["knew"]] == ["2024-01-28", WINDOW]
    assert (told["graph_at_cut"], told["graph_at_end"], told["model_state"]) == ("h1", "h2", "s1")
    assert (told["base_version"], told["model_version"], told["verdict"]["outcome"]) == ("1", "2", "PASS")
    assert (told["predictions"], told["predictions_version"]) == ("l1", "2")
    json.dumps(told, allow_nan=False)


def test_folds_go_on_from_those_of_the_graph_that_was_folded_into() -> None:
    assert [fold["hash"] for fold in tie_together(facts())["graph_folds"]] == ["h0", "h2"]


def test_a_graph_built_from_scratch_begins_a_row_of_folds() -> None:
    told = tie_together(facts(graph={"parent": None, "erasures": 0}, parent=None))
    assert [fold["hash"] for fold in told["graph_folds"]] == ["h2"]


@pytest.mark.parametrize("parent", [None, {"graph_folds": None}], ids=["no lineage", "not known there either"])
def test_folds_are_not_known_where_those_before_are_not(parent: dict[str, Any] | None) -> None:
    assert tie_together(facts(parent=parent))["graph_folds"] is None


def test_an_airflow_run_is_taken_from_the_mlflow_run_where_the_step_was_run_by_hand() -> None:
    assert tie_together(facts(airflow_run="", tags={"airflow_run": "a1"}))["airflow_run"] == "a1"
    assert tie_together(facts(airflow_run="", tags={}))["airflow_run"] is None


@pytest.mark.parametrize("missing", [*records(), None])
def test_whatever_step_left_nothing_is_told_as_none(missing: str | None) -> None:
    results = {step: record["result"] for step, record in records().items() if missing and step != missing}
    told = tie_together(facts(results=results))
    assert told.keys() == tie_together(facts()).keys()


def test_params_that_were_written_are_read_again_as_the_same() -> None:
    params = read_params(ROOT / "params.yaml")
    written = json.loads(json.dumps(write_params(params)))
    assert Params.model_validate(written) == params


def test_a_duration_of_fractions_is_written_without_loss() -> None:
    shipped = read_params(ROOT / "params.yaml")
    odd = shipped.refresh.click_within * 1.00001
    params = shipped.model_copy(update={"refresh": shipped.refresh.model_copy(update={"click_within": odd})})
    assert Params.model_validate(write_params(params)).refresh.click_within == odd
