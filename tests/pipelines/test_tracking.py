"""An update has one MLflow run, however often it is killed and taken up again."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.telemetry import get_telemetry_client

from pipelines import tracking
from pipelines.context import Context
from pipelines.params.file import read_params
from pipelines.settings import ROOT, read_settings
from pipelines.tracking import DatasetUse


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """One tracking database for all tests, since making one takes seconds; each test has windows of its own."""
    home = tmp_path_factory.mktemp("home")
    return Context(read_settings({"TIDEGRAPH_HOME": str(home)}), read_params(ROOT / "params.yaml"))


@pytest.fixture(scope="module")
def client(context: Context) -> MlflowClient:
    return tracking.open_client(context)


@pytest.fixture
def window(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


@pytest.fixture
def run_id(context: Context, window: str) -> str:
    return tracking.open_run(context, update_key=window, name=f"{window} full", tags={"window": window})


def test_a_run_is_found_again_by_its_update_key_and_runs_again(
    context: Context, client: MlflowClient, run_id: str, window: str
) -> None:
    tracking.finish(context, run_id, "FAILED")

    again = tracking.open_run(context, update_key=window, name="renamed", tags={"window": window, "mode": "full"})

    run = client.get_run(again)
    assert (again, run.info.status, run.info.run_name) == (run_id, "RUNNING", "renamed")
    assert run.data.tags["mode"] == "full"


def test_runs_that_killed_updates_of_the_window_left_are_marked_killed(
    context: Context, client: MlflowClient, run_id: str, window: str
) -> None:
    other = tracking.open_run(context, update_key="elsewhere", name="other", tags={"window": "another window"})
    ended = tracking.open_run(context, update_key="ended", name="ended", tags={"window": window})
    tracking.finish(context, ended)

    tracking.open_run(context, update_key="newer", name="newer", tags={"window": window})

    statuses = [client.get_run(one).info.status for one in (run_id, other, ended)]
    assert statuses == ["KILLED", "RUNNING", "FINISHED"]


def test_artifacts_lie_where_the_settings_say(context: Context, client: MlflowClient, run_id: str) -> None:
    tracking.log_text(context, run_id, "# dossier", "dossier.md")
    tracking.log_dict(context, run_id, {"a": 1}, "verdict.json")
    tracking.log_dict(context, run_id, {"a": 2}, "verdict.json")
    tracking.log_figure(context, run_id, Figure(), "curves/loss.png")

    folder = Path(client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    assert folder.is_relative_to(context.settings.artifacts)
    assert (folder / "dossier.md").read_text() == "# dossier"
    assert json.loads((folder / "verdict.json").read_text()) == {"a": 2}
    assert (folder / "curves" / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_logging_again_adds_no_second_point(context: Context, client: MlflowClient, run_id: str) -> None:
    tracking.log_curves(context, run_id, {"fit/loss": [3.0, 2.0]})
    tracking.log_metrics(context, run_id, {"cost/fit_cpu_seconds": 10.0})

    tracking.log_curves(context, run_id, {"fit/loss": [3.0, 2.0, 1.0]})
    tracking.log_metrics(context, run_id, {"cost/fit_cpu_seconds": 11.0, "candidate/all/ndcg_at_20": math.nan})

    loss = client.get_metric_history(run_id, "fit/loss")
    assert sorted((point.step, point.value) for point in loss) == [(0, 3.0), (1, 2.0), (2, 1.0)]
    assert [point.value for point in client.get_metric_history(run_id, "cost/fit_cpu_seconds")] == [10.0]
    assert math.isnan(client.get_run(run_id).data.metrics["candidate/all/ndcg_at_20"])


def test_more_points_than_a_batch_holds_are_all_logged(context: Context, client: MlflowClient, run_id: str) -> None:
    tracking.log_curves(context, run_id, {"fit/loss": [float(step) for step in range(1001)]})

    assert client.get_run(run_id).data.metrics["fit/loss"] == 1000.0
    assert len(client.get_metric_history(run_id, "fit/loss")) == 1001


def test_params_are_flattened_and_may_be_logged_twice(context: Context, client: MlflowClient, run_id: str) -> None:
    params = context.params.model_dump(mode="json", by_alias=True)

    tracking.log_params(context, run_id, params)
    tracking.log_params(context, run_id, params)

    logged = client.get_run(run_id).data.params
    assert logged["fit.seed"] == str(context.params.fit.seed)
    assert logged["evaluate.ials.factors"] == str(context.params.evaluate.ials.factors)


def test_each_partition_of_a_bootstrap_is_one_dataset_input(
    context: Context, client: MlflowClient, run_id: str
) -> None:
    uses = [DatasetUse(f"partition {week}", f"{week:032x}.dir", f'{{"rev": "snapshot/{week}"}}') for week in range(40)]

    tracking.log_datasets(context, run_id, uses)
    tracking.log_datasets(context, run_id, uses)

    inputs = client.get_run(run_id).inputs.dataset_inputs
    assert len(inputs) == 40
    assert {(one.dataset.name, one.dataset.digest) for one in inputs} == {(use.name, use.digest) for use in uses}
    assert {tag.value for one in inputs for tag in one.tags} == {"train"}


def test_making_the_database_says_nothing_and_leaves_the_working_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    settings = read_settings({"TIDEGRAPH_HOME": str(tmp_path / "home")})

    tracking.open_client(Context(settings, read_params(ROOT / "params.yaml"))).search_experiments()

    assert (tmp_path / "home" / "mlflow" / "mlflow.db").is_file()
    assert capfd.readouterr() == ("", "")
    assert list((tmp_path / "empty").iterdir()) == []


def test_nothing_is_told_to_the_makers_of_mlflow() -> None:
    assert get_telemetry_client() is None
