"""The snapshot step tracks what was accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.context import Context
from pipelines.errors import SnapshotError
from pipelines.jobs import Job
from pipelines.params.file import read_params
from pipelines.settings import ROOT, read_settings
from pipelines.snapshots.data_registry import open_data_registry
from pipelines.steps import snapshot


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(read_settings({"TIDEGRAPH_HOME": str(tmp_path)}), read_params(ROOT / "params.yaml"))


def bootstrap(context: Context) -> Job:
    return Job("bootstrap", tuple(context.calendar.until("2017-01-15")), "full")


def test_a_bootstrap_tags_each_of_its_windows(context: Context) -> None:
    for window in bootstrap(context).windows:
        folder = context.path("accepted", window.name)
        folder.mkdir(parents=True)
        (folder / "events.parquet").write_text(window.name)

    result = snapshot.run(bootstrap(context), context)

    assert result["tags"] == {"2017-01-01": "snapshot/2017-01-01", "2017-01-08": "snapshot/2017-01-08"}
    assert result["commit"] == open_data_registry(context).commit()
    assert sorted(result["digests"]) == ["2017-01-01", "2017-01-08"]
    assert json.loads(json.dumps(result)) == result


def test_a_window_without_accepted_rows_is_refused_by_name(context: Context) -> None:
    with pytest.raises(SnapshotError, match="window 2017-01-01 has no accepted rows"):
        snapshot.run(bootstrap(context), context)
