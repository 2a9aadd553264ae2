"""A past version, rebuilt from its lineage in an empty folder, is the very same; the home it came from is untouched."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines import cli, registry
from pipelines.context import Context, read_context
from pipelines.errors import ParamsError, RegistryError, TidegraphError
from pipelines.files import read_json, write_json
from pipelines.graphs.erasures import ask_for_erasure
from pipelines.graphs.files import read_graph
from pipelines.lineage.stored import LINEAGE
from pipelines.reproducing.reproduce import Reproduction, reproduce
from pipelines.tracking import open_client
from tests.drop import copy_home
from tests.pipelines.reproducing.test_comparing import DONE


@pytest.fixture
def context(traced: Path, tmp_path: Path) -> Context:
    """A shop of its own for each test."""
    return read_context(environment=copy_home(traced, tmp_path / "shop"))


@pytest.fixture(scope="module")
def rebuilt(traced: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Reproduction, dict[str, str], Context]:
    """Version 2, rebuilt once for all tests: what came of it, the digests of the home's files before, and the home."""
    folder = tmp_path_factory.mktemp("reproduced")
    context = read_context(environment=copy_home(traced, folder / "shop"))
    before = digests(context.settings.home)
    return reproduce("2", folder / "into", context), before, context


def digests(home: Path) -> dict[str, str]:
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rewrite_lineage(context: Context, version: str, **changes: Any) -> None:
    client = open_client(context)
    run = client.get_run(client.get_model_version(registry.MODEL, version).run_id)
    path = Path(run.info.artifact_uri.removeprefix("file://")) / LINEAGE
    write_json(path, read_json(path) | changes)


def test_graph_weights_verdict_and_every_number_are_the_same(rebuilt: Any) -> None:
    done = rebuilt[0]
    assert done.same and done.state.same and done.verdict.same and done.apart == 0.0
    assert (done.graph_at_cut.same, done.graph_at_end.same, done.only_one) == (True, True, ())
    names = {each.name for each in done.numbers}
    assert {"candidate/all/ndcg_at_20", "champion/new/recall_at_20", "ials/all/ndcg_at_20", "gate/ndcg_lift"} <= names
    assert "slice/activity/busy/candidate" in names and "model/forgetting" in names
    assert done.notes == ()


def test_an_incremental_version_starts_from_what_is_stored_of_its_base(rebuilt: Any) -> None:
    assert rebuilt[0].line == ("2",)


def test_no_file_of_the_home_is_changed_and_none_is_added(rebuilt: Any) -> None:
    _, before, context = rebuilt
    assert digests(context.settings.home) == before


@pytest.mark.deep
def test_the_whole_base_line_learned_anew_gives_the_same(context: Context, tmp_path: Path) -> None:
    done = reproduce("2", tmp_path / "into", context, from_scratch=True)
    assert done.same and done.line == ("1", "2")


@pytest.mark.deep
def test_a_base_whose_weights_are_damaged_is_learned_anew_and_said_so(context: Context, tmp_path: Path) -> None:
    state = registry.model_folder(context, "1") / "state" / "content" / "tensors.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    done = reproduce("2", tmp_path / "into", context)
    assert done.line == ("1", "2") and done.graph_at_end.same
    assert "the stored weights of version 1 cannot be read" in done.notes[0]
    assert {each.name for each in done.numbers if each.same} >= {"candidate/all/ndcg_at_20", "champion/all/ndcg_at_20"}


@pytest.mark.deep
def test_whoever_was_erased_since_is_not_rebuilt_and_the_difference_is_explained(
    context: Context, tmp_path: Path
) -> None:
    ask_for_erasure("u7", datetime(2026, 1, 1, tzinfo=UTC), context)
    done = reproduce("2", tmp_path / "into", context)
    assert not done.same and done.line == ("1", "2")
    assert "requests to be forgotten since: 1" in done.notes[0]
    snapshots = list((tmp_path / "into").rglob("partitions/*/events.parquet"))
    graphs = list((tmp_path / "into" / "graphs").glob("*/*"))
    assert len(snapshots) == 5 + 6 and len(graphs) == 4
    assert not any((pd.read_parquet(path)["user_id"] == "u7").any() for path in snapshots)
    assert not any((read_graph(folder).users["user_id"] == "u7").any() for folder in graphs)


def test_a_version_that_is_not_there_is_refused(context: Context, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no version '9'"):
        reproduce("9", tmp_path / "into", context)


def test_a_version_whose_lineage_was_lost_cannot_be_rebuilt_and_it_is_said_what_is_missing(
    context: Context, tmp_path: Path
) -> None:
    rewrite_lineage(context, "2", format=None)
    with pytest.raises(RegistryError, match="does not tell params, knew"):
        reproduce("2", tmp_path / "into", context)


def test_params_that_this_code_does_not_read_send_one_to_the_code_of_then(context: Context, tmp_path: Path) -> None:
    rewrite_lineage(context, "2", params={"window": {}}, git_commit="5ea1")
    with pytest.raises(ParamsError, match="does not read the params of then") as raised:
        reproduce("2", tmp_path / "into", context)
    assert "5ea1" in raised.value.mend


def test_a_base_that_is_not_registered_any_more_is_named(context: Context, tmp_path: Path) -> None:
    rewrite_lineage(context, "2", base_version="77")
    with pytest.raises(RegistryError, match="goes on from version 77"):
        reproduce("2", tmp_path / "into", context)


def test_a_snapshot_that_was_taken_out_of_the_registry_is_named(context: Context, tmp_path: Path) -> None:
    rewrite_lineage(context, "2", knew=[{"window": "2031-01-05", "tag": "snapshot/2031-01-05", "digest": "d"}])
    with pytest.raises(TidegraphError, match="no snapshot is tagged snapshot/2031-01-05"):
        reproduce("2", tmp_path / "into", context)


@pytest.mark.parametrize("same", [True, False])
def test_the_command_ends_with_1_where_something_differs(
    same: bool, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = DONE if same else Reproduction(**{**vars(DONE), "numbers": ()})
    monkeypatch.setattr("pipelines.reproducing.reproduce.reproduce", lambda *_, **__: done)
    monkeypatch.setattr("sys.argv", ["tidegraph", "reproduce", "2", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code or 0) == (0 if same else 1)
    assert json.loads(capsys.readouterr().out)["same"] is same
