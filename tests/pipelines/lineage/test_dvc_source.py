"""A snapshot in MLflow's panel of datasets leads back to the snapshot's rows."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from mlflow.data import get_source
from mlflow.data.dataset_source_registry import get_registered_sources, resolve_dataset_source
from mlflow.entities import Dataset

from pipelines import registry
from pipelines.context import Context
from pipelines.data_registry import dvc_digest
from pipelines.dvc_source import DvcSnapshot, register_source
from pipelines.errors import SnapshotError
from pipelines.settings import ROOT
from pipelines.tracking import open_client
from tests.drop import UNTIL


@pytest.fixture
def dataset(context: Context) -> Dataset:
    """What the run of version 2 has as its input."""
    client = open_client(context)
    run = client.get_run(client.get_model_version(registry.MODEL, "2").run_id)
    (found,) = (each.dataset for each in run.inputs.dataset_inputs)
    return found


def test_the_runs_input_has_source_digest_columns_and_rows(dataset: Dataset) -> None:
    assert (dataset.name, dataset.source_type) == (f"snapshot/{UNTIL}", "dvc")
    assert json.loads(dataset.source)["rev"] == f"snapshot/{UNTIL}"
    profile = json.loads(dataset.profile)
    assert profile["events"] == 960 and profile["read_it_back"].endswith(f"partitions/{UNTIL} --rev snapshot/{UNTIL}")
    columns = {each["name"]: each["type"] for each in json.loads(dataset.schema)["mlflow_colspec"]}
    assert columns["events.user_id"] == "string" and columns["events.occurred_at"] == "datetime"


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
    assert sum(source._get_source_type() == "dvc" for source in get_registered_sources()) == 1


def test_where_the_registry_is_elsewhere_the_error_says_how_to_get_at_it(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="not on this machine") as raised:
        DvcSnapshot(str(tmp_path / "gone"), "snapshot/2017-10-08").load()
    assert "dvc get" in raised.value.mend


def test_mlflow_imports_nothing_of_ours_by_itself() -> None:
    """Else `mlflow models serve` would run the installed code, not what a version carries."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not any(group.startswith("mlflow.") for group in project.get("entry-points", {}))
