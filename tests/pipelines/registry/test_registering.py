"""A run ends with one version, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines import registry, tracking
from pipelines.aliases import MODEL
from pipelines.context import Context
from pipelines.errors import RegistryError
from tests.pipelines.registry.versions import Killed, aliases, model_of, promotion, registered, run_of


def test_a_registered_run_has_one_version_however_often_it_is_registered(context: Context) -> None:
    run_id, folder = run_of(context, "2017-10-01"), model_of(context, "2017-10-01")

    versions = [registry.register(context, run_id, folder, {"window": "2017-10-01", "mode": "full"}) for _ in range(2)]

    client = tracking.open_client(context)
    assert versions == ["1", "1"]
    found = client.search_model_versions(f"name = '{MODEL}'")
    assert [(version.run_id, version.tags["mode"]) for version in found] == [(run_id, "full")]
    assert len(client.get_run(run_id).outputs.model_outputs) == 1
    assert aliases(context) == {"candidate": "1"}


@pytest.mark.parametrize(
    "call",
    [
        "create_logged_model",
        "log_outputs",
        "log_model_artifacts",
        "finalize_logged_model",
        "create_registered_model",
        "create_model_version",
        "set_registered_model_alias",
    ],
)
def test_killed_before_any_call_and_run_again_it_ends_with_one_model_and_one_version(
    context: Context, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    run_id, folder = run_of(context, "2017-10-01"), model_of(context, "2017-10-01")

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MlflowClient, call, die)
        registry.register(context, run_id, folder, {"window": "2017-10-01"})

    assert registry.register(context, run_id, folder, {"window": "2017-10-01"}) == "1"
    client = tracking.open_client(context)
    run = client.get_run(run_id)
    models = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run_id}'")
    assert [str(model.status) for model in models] == ["READY"]
    assert [output.model_id for output in run.outputs.model_outputs] == [models[0].model_id]
    assert len(client.search_model_versions(f"name = '{MODEL}'")) == 1
    assert aliases(context) == {"candidate": "1"}


def test_the_model_folder_of_a_local_store_is_the_store_itself(context: Context) -> None:
    version = registered(context)

    folder = registry.model_folder(context, version)

    assert folder.is_relative_to(context.settings.artifacts)
    assert (folder / "graph" / "manifest.json").read_text() == "2017-10-01"


def test_the_artefact_carries_our_packages_and_exact_requirements_but_no_caches(context: Context) -> None:
    package = registry.model_folder(context, registered(context)).parent.parent

    assert {path.name for path in (package / "code").iterdir()} == {"pipelines", "models", "features"}
    assert list(package.rglob("__pycache__")) == []
    requirements = (package / "requirements.txt").read_text().splitlines()
    assert all("==" in line and "+" not in line for line in requirements)
    assert any(line.startswith("torch==") for line in requirements)


def test_registering_says_nothing_and_leaves_the_working_folder_alone(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    registry.promote(context, promotion(registered(context), None))

    assert capfd.readouterr() == ("", "")
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_version_that_is_not_there_is_refused(context: Context) -> None:
    registered(context)

    with pytest.raises(RegistryError, match="MLflow refused"):
        registry.model_folder(context, "9")


def test_registering_an_older_run_again_does_not_take_the_candidate_from_a_newer_one(context: Context) -> None:
    run_id, folder = run_of(context, "2017-10-01"), model_of(context, "2017-10-01")
    registry.register(context, run_id, folder, {})
    registered(context, "2017-10-08")

    registry.register(context, run_id, folder, {})

    assert aliases(context) == {"candidate": "2"}
