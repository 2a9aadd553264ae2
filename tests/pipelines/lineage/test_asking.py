"""`tidegraph lineage` answers from either end, and refuses what nobody can answer with a sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines import cli, registry
from pipelines.context import Context
from pipelines.files import digest_json, read_json
from pipelines.graphs.erasures import ask_for_erasure
from pipelines.jobs import update_job
from pipelines.lineage.known import read_known
from pipelines.lineage.of_source import trace_source
from pipelines.records import drop_records
from pipelines.runner import run_step
from pipelines.tracking import open_client
from tests.drop import UNTIL, window


@pytest.fixture
def ask(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in the shop; gives what it printed, or, where it fails, its error."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TIDEGRAPH_MAPPING", raising=False)

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["tidegraph", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return said.err if ended.value.code else said.out

    return run


def artifacts(context: Context, version: str) -> Path:
    client = open_client(context)
    run = client.get_run(client.get_model_version(registry.MODEL, version).run_id)
    return Path(run.info.artifact_uri.removeprefix("file://"))


def test_the_update_the_run_and_the_dossier_tell_the_same_lineage(context: Context) -> None:
    told = read_json(context.path("updates", UNTIL, "lineage.json"))
    assert told == read_json(artifacts(context, "2") / "lineage.json")
    assert told == read_json(artifacts(context, "2") / "dossier.json")["lineage"]
    assert (told["airflow_run"], told["model_version"], told["base_version"]) == ("manual__7", "2", "1")
    assert told["validation"][0]["digest"] == digest_json(read_json(context.path("validation", f"{UNTIL}.json")))
    assert list(told["sources"][0]["files"]) == [f"{UNTIL}/events.csv"]
    assert [each["window"] for each in told["knew"]] == [window(index) for index in range(6)]


def test_a_report_that_is_made_again_tells_the_same_lineage(context: Context) -> None:
    before = read_json(context.path("updates", UNTIL, "lineage.json"))
    job = update_job(UNTIL, context, airflow_run="manual__7")
    drop_records(["report"], job, context)
    run_step("report", job, context)
    assert read_json(context.path("updates", UNTIL, "lineage.json")) == before


def test_a_model_is_traced_down_to_files_and_up_to_lists(ask: Any) -> None:
    told = json.loads(ask("lineage", "--model", "2", "--json"))
    assert [base["version"] for base in told["base_line"]] == ["1"]
    assert [each["source"]["files"].keys() >= {f"{each['window']}/events.csv"} for each in told["saw"]] == [True] * 6
    assert told["serving"]["now"] and told["lists"] == [UNTIL]
    words = ask("lineage", "--model", "2")
    assert "Airflow run: manual__7" in words and "goes on from version 1: full" in words
    assert f"snapshot/{UNTIL}: learned and judged; from files: {UNTIL}/events.csv" in words


def test_a_snapshot_a_file_its_bytes_and_a_path_lead_to_the_same_versions(ask: Any, variables: dict[str, str]) -> None:
    path = f"{variables['TIDEGRAPH_DROP']}/{UNTIL}/events.csv"
    digest = json.loads(ask("lineage", "--source", path, "--json"))["sha256"]
    for asked in (
        ["--snapshot", UNTIL],
        ["--source", f"{UNTIL}/events.csv"],
        ["--source", path],
        ["--source", digest[:12]],
    ):
        told = json.loads(ask("lineage", *asked, "--json"))
        assert [(each["version"], each["learned"], each["judged"]) for each in told["models"]] == [("2", True, True)]
    first = json.loads(ask("lineage", "--source", f"{window(0)}/items.csv", "--json"))
    assert [each["version"] for each in first["models"]] == ["1", "2"]


def test_a_file_that_was_changed_since_is_told_apart(ask: Any, variables: dict[str, str]) -> None:
    path = Path(variables["TIDEGRAPH_DROP"]) / UNTIL / "events.csv"
    assert "as it is now" in ask("lineage", "--source", str(path))
    path.write_text(path.read_text() + "\n")
    assert "other bytes than now" in ask("lineage", "--source", str(path))
    path.unlink()
    assert "is not there any more" in ask("lineage", "--source", str(path))


def test_a_landing_without_a_snapshot_is_in_none(context: Context) -> None:
    landing = {"window": "2024-02-18", "files": {"new.csv": "ab"}}
    told = trace_source("new.csv", read_known(context), [landing], context.settings.drop)
    assert told["landed"][0]["tags"] == [] and told["models"] == []


def test_a_user_is_found_in_snapshots_versions_and_lists(ask: Any) -> None:
    told = json.loads(ask("lineage", "--user", "u7", "--json"))
    assert [each["tag"] for each in told["snapshots"]] == [f"snapshot/{window(index)}" for index in range(6)]
    assert [(each["version"], each["learned"]) for each in told["models"]] == [("1", True), ("2", True)]
    assert {each["window"] for each in told["lists"]} == {window(4), UNTIL}
    assert told["erased"] is None


def test_of_an_erased_user_nothing_is_told_but_which_versions_are_older(ask: Any, context: Context) -> None:
    ask_for_erasure("u7", datetime(2026, 1, 1, tzinfo=UTC), context)
    told = json.loads(ask("lineage", "--user", "u7", "--json"))
    assert (told["snapshots"], told["models"], told["lists"]) == ([], [], [])
    assert told["erased"]["made_before"] == ["1", "2"]
    assert "erased on request" in ask("lineage", "--user", "u7")


def test_a_user_who_came_back_after_an_erasure_is_told_from_then_on(ask: Any, context: Context) -> None:
    ask_for_erasure("u7", datetime.fromisoformat(f"{UNTIL}T00:00:00Z"), context)
    told = json.loads(ask("lineage", "--user", "u7", "--json"))
    assert [each["tag"] for each in told["snapshots"]] == [f"snapshot/{UNTIL}"]
    assert [each["version"] for each in told["models"]] == ["2"]


def test_a_version_without_a_readable_lineage_is_told_by_its_tags(ask: Any, context: Context) -> None:
    (artifacts(context, "1") / "lineage.json").write_text("{")
    (artifacts(context, "2") / "lineage.json").unlink()
    words = ask("lineage", "--model", "2")
    assert "this is what its tags tell" in words and "goes on from version 1" in words
    assert f"snapshot/{UNTIL}: learned and judged" in words


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "one question at a time, and none was asked"),
        (["--model", "1", "--user", "u7"], "--model and --user were asked"),
        (["--model", "99"], "there is no version '99': there are 1, 2"),
        (["--model", ""], "there is no version ''"),
        (["--snapshot", "2031-01-01"], "there is no snapshot '2031-01-01'"),
        (["--snapshot", "../../etc"], "there is no snapshot"),
        (["--snapshot", f"snapshot/{UNTIL}.r9"], f"window {UNTIL} has no revision 9"),
        (["--user", "nobody"], "no snapshot has an event of user 'nobody'"),
        (["--user", "x'; drop table"], "no snapshot has an event of user"),
        (["--source", "nothing.csv"], "no window's rows came of a file 'nothing.csv'"),
        (["--source", "00ff00ff"], "no window's rows came of a file '00ff00ff'"),
        (["--source", "\0"], "no window's rows came of a file"),
        (["--source", "~nobody/x"], "no window's rows came of a file"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_way_out(ask: Any, asked: list[str], said: str) -> None:
    error = ask("lineage", *asked)
    assert said in error and "mend:" in error and "Traceback" not in error
