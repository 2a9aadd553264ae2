"""A real update's run holds its dossier and the metrics that matter, and its version is described."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html
from mlflow.entities import Run

from pipelines import registry
from pipelines.context import Context, read_context
from pipelines.files import read_json
from pipelines.jobs import update_job
from pipelines.records import drop_records
from pipelines.runner import run_all, run_step
from pipelines.tracking import open_client
from tests.drop import UNTIL, copy_home, window


@pytest.fixture(scope="module")
def context(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A shop after its bootstrap and one update that was promoted."""
    context = read_context(environment=copy_home(bootstrapped, tmp_path_factory.mktemp("told") / "shop"))
    run_all(update_job(UNTIL, context), context)
    return context


def run_of(version: str, context: Context) -> Run:
    client = open_client(context)
    return client.get_run(client.get_model_version(registry.MODEL, version).run_id)


def artifacts(run: Run) -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://"))


def test_an_updates_run_holds_the_page_and_the_same_as_json(context: Context) -> None:
    run = run_of("2", context)
    told = read_json(artifacts(run) / "dossier.json")
    page = html.parse(artifacts(run) / "dossier.html").getroot()
    assert told["verdict"]["outcome"] == run.data.tags["verdict"] == "PASS"
    assert told["lineage"]["mlflow_run"] == run.info.run_id
    assert told["lineage"]["code_revision"] == run.data.tags["code_revision"]
    assert told["lineage"]["graph_at_end"] in page.text_content()
    assert any("gained most" in line for line in told["graph"]["words"])
    assert {row["slice"] for row in told["slices"]["rows"]} >= {"all", "activity/busy"}
    assert len(page.findall(".//svg")) == 1
    for part in ("comparison", "slices", "rules", "memory", "checks", "changes", "graph", "data"):
        assert told[part]["note"] is None, part


def test_the_first_models_dossier_says_that_there_is_no_champion(context: Context) -> None:
    told = read_json(artifacts(run_of("1", context)) / "dossier.json")
    assert told["kind"] == "bootstrap" and told["verdict"]["lift"] is None
    assert "no champion" in told["comparison"]["note"] and told["slices"]["rows"] == []
    page = html.parse(artifacts(run_of("1", context)) / "dossier.html").getroot()
    assert page.findall(".//svg") == []


def test_the_lift_is_a_metric_between_its_bounds_and_a_tag(context: Context) -> None:
    data = run_of("2", context).data
    lift = data.metrics["candidate/all/ndcg_at_20"] - data.metrics["champion/all/ndcg_at_20"]
    assert data.metrics["gate/ndcg_lift"] == pytest.approx(lift)
    assert data.metrics["gate/ndcg_lift_lower"] <= lift <= data.metrics["gate/ndcg_lift_upper"]
    assert data.tags["ndcg_lift"] == f"{lift:+.4f}"
    assert {"model/forgetting", "model/size_mb", "slice/activity/busy/candidate"} <= set(data.metrics)


def test_versions_are_described(context: Context) -> None:
    client = open_client(context)
    first, second = (client.get_model_version(registry.MODEL, version).description for version in ("1", "2"))
    assert second.startswith("**PASS, promoted**: NDCG@20 ") and f"window {UNTIL}, mode incremental" in second
    assert run_of("2", context).info.run_id in second and "the first of its kind" in first


def test_a_report_that_is_made_again_adds_nothing_to_the_run(context: Context) -> None:
    job, run_id = update_job(UNTIL, context), run_of("2", context).info.run_id
    before = read_json(artifacts(run_of("2", context)) / "dossier.json")
    drop_records(["report"], job, context)
    run_step("report", job, context)
    assert len(open_client(context).get_metric_history(run_id, "gate/ndcg_lift")) == 1
    assert read_json(artifacts(run_of("2", context)) / "dossier.json") == before


def test_a_window_that_teaches_nothing_is_told_as_skipped_and_describes_no_version(
    context: Context, tmp_path: Path
) -> None:
    context = read_context(environment=copy_home(context.settings.home.parent, tmp_path / "shop"))
    plan = run_all(update_job(window(3), context), context)["plan"]
    run = open_client(context).get_run(plan["run_id"])
    told = read_json(artifacts(run) / "dossier.json")
    assert (told["verdict"]["outcome"], told["verdict"]["what"]) == ("SKIPPED", "skipped")
    assert told["comparison"]["rows"] == [] and told["rules"]["note"]
    assert open_client(context).get_model_version(registry.MODEL, "2").description.startswith("**PASS, promoted**")
