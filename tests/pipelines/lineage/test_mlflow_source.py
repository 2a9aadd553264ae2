"""A snapshot in MLflow's panel of datasets leads back to the snapshot's rows."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from mlflow.artifacts import load_text
from mlflow.data import get_source
from mlflow.data.dataset_source_registry import get_registered_sources, resolve_dataset_source
from mlflow.entities import Dataset, Run

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import SnapshotError
from pipelines.lineage.snapshot_page import render_snapshot, tell_snapshot
from pipelines.settings import ROOT
from pipelines.snapshots.digest import dvc_digest
from pipelines.snapshots.mlflow_source import KIND, DvcSnapshot, register_source
from pipelines.tracking import open_client
from tests.drop import UNTIL

LINKED = {"external", "http", "hugging_face"}
"""The kinds of sources whose address MLflow's page makes a link."""


@pytest.fixture
def run(context: Context) -> Run:
    """That of version 2."""
    client = open_client(context)
    return client.get_run(client.get_model_version(registry.MODEL, "2").run_id)


@pytest.fixture
def dataset(run: Run) -> Dataset:
    """What the run has as its input."""
    (found,) = (each.dataset for each in run.inputs.dataset_inputs)
    return found


def test_the_runs_input_has_source_digest_columns_and_rows(dataset: Dataset) -> None:
    assert dataset.name == f"snapshot/{UNTIL}"
    assert json.loads(dataset.source)["rev"] == f"snapshot/{UNTIL}"
    profile = json.loads(dataset.profile)
    assert profile["events"] == 960 and profile["read_it_back"].endswith(f"partitions/{UNTIL} --rev snapshot/{UNTIL}")
    columns = {each["name"]: each["type"] for each in json.loads(dataset.schema)["mlflow_colspec"]}
    assert columns["events.user_id"] == "string" and columns["events.occurred_at"] == "datetime"


def test_the_input_links_to_a_page_of_the_snapshot_in_the_run(dataset: Dataset, run: Run, context: Context) -> None:
    assert dataset.source_type in LINKED
    link = json.loads(dataset.source)["url"]
    of_run, _, artifact = link.partition("/artifacts/")
    assert of_run == f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    page = load_text(f"{run.info.artifact_uri}/{artifact}")
    for told in (f"<h1>snapshot/{UNTIL}</h1>", dataset.digest, "<td>events.parquet</td><td>960</td>", "events.csv"):
        assert told in page
    assert f"partitions/{UNTIL} --rev snapshot/{UNTIL}" in page


def test_a_page_tells_reasons_and_takes_nothing_for_markup(context: Context) -> None:
    kept = context.path("validation", f"{UNTIL}.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"reasons": {"<b>known-user</b>": 1234}}))
    lineage = {"registry_commit": None, "model_version": None, "sources": []}
    snapshot = {"tag": f"snapshot/{UNTIL}", "window": UNTIL, "digest": "<i>"}
    page = render_snapshot(tell_snapshot(snapshot, lineage, {}, context))
    assert "1,234 rows broke: &lt;b&gt;known-user&lt;/b&gt;" in page and "&lt;i&gt;" in page
    kept.unlink()
    assert "No validation" in render_snapshot(tell_snapshot(snapshot, lineage, {}, context))


def test_mlflow_gives_the_source_of_a_logged_input_and_it_reads_the_rows_back(
    dataset: Dataset, context: Context, tmp_path: Path
) -> None:
    source = get_source(dataset)
    assert isinstance(source, DvcSnapshot)
    here = DvcSnapshot(str(context.path("registry")), source.tag)  # the shop was copied; the run tells of the first one
    folder = Path(here.load(tmp_path / "rows"))
    assert dvc_digest(folder) == dataset.digest
    assert len(pd.read_parquet(folder / "events.parquet")) == 960


def test_a_source_survives_json_and_is_found_by_its_address() -> None:
    source = DvcSnapshot("/srv/var/registry", "snapshot/2017-10-08.r2", "#/experiments/1/runs/2")
    assert vars(DvcSnapshot.from_json(source.to_json())) == vars(source)
    source = DvcSnapshot("/srv/var/registry", "snapshot/2017-10-08.r2")
    assert vars(DvcSnapshot.from_json(source.to_json())) == vars(source)
    assert vars(DvcSnapshot.from_json(source.uri)) == vars(source)  # what runs of before kept
    assert source.path == "partitions/2017-10-08"
    register_source()
    assert vars(resolve_dataset_source(source.uri, [DvcSnapshot])) == vars(source)


@pytest.mark.parametrize("address", ["s3://bucket/file", "registry", "", None, 7, "registry@main"])
def test_other_sources_are_left_to_others(address: object) -> None:
    assert not DvcSnapshot._can_resolve(address)


def test_registering_twice_registers_once() -> None:
    register_source()
    register_source()
    kinds = [source._get_source_type() for source in get_registered_sources()]
    assert kinds.count(KIND) == kinds.count("dvc") == 1


def test_the_source_of_a_run_of_before_is_known_too() -> None:
    register_source()
    before = Dataset("snapshot/2017-10-08", "1f", "dvc", "/srv/var/registry@snapshot/2017-10-08")
    assert isinstance(get_source(before), DvcSnapshot)


def test_where_the_registry_is_elsewhere_the_error_says_how_to_get_at_it(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="not on this machine") as raised:
        DvcSnapshot(str(tmp_path / "gone"), "snapshot/2017-10-08").load()
    assert "dvc get" in raised.value.mend


def test_mlflow_imports_nothing_of_ours_by_itself() -> None:
    """Else `mlflow models serve` would run the installed code, not what a version carries."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not any(group.startswith("mlflow.") for group in project.get("entry-points", {}))
