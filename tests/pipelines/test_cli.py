"""The command line: what a user sees, also when something is wrong."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from pipelines.cli import main
from pipelines.settings import ROOT
from tests.drop import BOOTSTRAP_WINDOWS, UNTIL, copy_home, environment, window


@pytest.fixture
def shop(bootstrapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a shop after its bootstrap, set for this test."""
    variables = copy_home(bootstrapped, tmp_path / "shop")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def tidegraph(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; gives exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tidegraph", *arguments])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


def test_status_tells_champion_graph_and_ledger_as_json(shop, tidegraph):
    code, out, _ = tidegraph("status", "--json")
    status = json.loads(out)
    assert code == 0
    assert status["champion"].keys() == {"version", "window", "data_cut", "run_id", "promoted_at", "verdict"}
    assert status["previous"] is None
    assert status["graph"]["nodes"]["user"] == 120
    assert status["graph"]["hash"]
    assert (status["quarantined"], status["ledger_ok"]) == (0, True)


def test_recommendations_are_ranked_and_titled(shop, tidegraph):
    code, out, _ = tidegraph("recommend", "u1", "--k", "5", "--json")
    answer = json.loads(out)
    assert (code, answer["user_id"], answer["version"], len(answer["items"])) == (0, "u1", "1", 5)
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["items"][0]["title"].startswith("item ")


def test_help_shows_an_example_for_every_command(tidegraph):
    for command in ("step", "update", "bootstrap", "status", "recommend", "promote", "rollback", "freeze"):
        code, out, _ = tidegraph(command, "--help")
        assert (code, "Example" in out) == (0, True), command


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("recommend", "nobody"), "user 'nobody' is not in the graph"),
        (("rollback", "--reason", "worse"), "nothing to roll back to"),
        (("rollback", "--reason", " "), "a reason is needed"),
        (("rollback", "--to", "soon", "--reason", "worse"), "'soon' is neither a version nor a date"),
        (("rollback", "--to", "2999-01-01", "--reason", "worse"), "is in the future"),
        (("promote", "7", "--reason", "why not"), "there is no version '7': there are 1"),
        (("promote", "1", "--reason", "why not"), "version 1 serves already"),
        (("freeze", "--reason", "holidays", "--until", "soon"), "'soon' is no date"),
        (("freeze", "--reason", "holidays", "--until", "2020-01-01"), "is over already"),
        (("freeze", "--lift", "--reason", "over"), "not frozen"),
        (("ledger", "export", "--format", "csv", "--out", "/proc/none/ledger.csv"), "cannot write ledger.csv"),
        (("update", "--window", "2024-02-12"), "no window starts on 2024-02-12"),
        (("update", "--window", window(BOOTSTRAP_WINDOWS + 4)), "predecessor"),
        (("update", "--window", UNTIL, "--mode", "fast"), "'fast' is no mode"),
        (("step", "dance", "--window", UNTIL), "there is no step 'dance'"),
        (("step", "gate", "--window", UNTIL), "needs step"),
        (("bootstrap", "--until", "2024-01-07"), "no window ends"),
    ],
)
def test_bad_input_gets_one_message_with_where_and_how_to_mend(shop, tidegraph, arguments, told):
    code, out, err = tidegraph(*arguments)
    assert code != 0
    assert told in err
    assert err.count("where:") == err.count("mend:") == 1
    assert "Traceback" not in err + out


def test_an_update_that_is_done_says_that_it_did_nothing_and_who_serves_now(shop, tidegraph):
    assert json.loads(tidegraph("update", "--window", UNTIL, "--json")[1])["promoted"]
    assert tidegraph("rollback", "--reason", "worse")[0] == 0
    code, out, _ = tidegraph("update", "--window", UNTIL, "--json")
    row = json.loads(out)
    assert (code, row["already_done"], row["promoted"], row["champion_version"]) == (0, True, False, "1")
    assert "version 2 was promoted then" in row["reason"]


def test_a_changed_ledger_fails_status_and_stops_a_rollback(shop, tidegraph):
    with closing(sqlite3.connect(Path(shop["TIDEGRAPH_HOME"]) / "ledger.db")) as database:
        database.execute("UPDATE ledger SET actor = 'somebody else'")
        database.commit()
    code, out, _ = tidegraph("status")
    assert code == 1
    assert "BROKEN: entry 1" in out
    assert tidegraph("rollback", "--reason", "worse")[0] == 1
    assert tidegraph("recommend", "u1", "--k", "1")[0] == 0


@pytest.mark.parametrize("command", [("promote", "1"), ("rollback",), ("freeze",)])
def test_who_serves_is_not_changed_without_a_reason(shop, tidegraph, command):
    code, _, err = tidegraph(*command)
    assert code == 2 and "--reason" in err


def test_a_freeze_is_told_by_status_until_it_is_lifted(shop, tidegraph):
    assert "frozen until lifted" in tidegraph("freeze", "--reason", "holidays")[1]
    assert "promotions: frozen until lifted, by tidegraph: holidays" in tidegraph("status")[1]
    until = json.loads(tidegraph("freeze", "--reason", "holidays", "--until", "2999-12-31", "--json")[1])["until"]
    assert until == "3000-01-01T00:00:00+00:00"
    assert tidegraph("freeze", "--lift", "--reason", "over")[0] == 0
    assert json.loads(tidegraph("status", "--json")[1])["frozen"] is None


def test_the_ledger_is_shown_verified_and_exported(shop, tidegraph, tmp_path):
    for reason in ("first", "second"):
        tidegraph("freeze", "--reason", reason)
    shown = json.loads(tidegraph("ledger", "show", "--json")[1])
    assert [(entry["seq"], entry["kind"], entry["reason"]) for entry in shown][1:] == [
        (2, "freeze", "first"), (3, "freeze", "second"),
    ]  # fmt: skip
    newest = tidegraph("ledger", "show", "--last", "1")[1]
    assert "freeze by tidegraph" in newest and "second" in newest and "first" not in newest
    assert json.loads(tidegraph("ledger", "verify", "--json")[1])["holds"]
    for form in ("json", "csv"):
        assert "3 entries in " in tidegraph("ledger", "export", "--format", form, "--out", str(tmp_path / form))[1]
    assert json.loads((tmp_path / "json").read_text()) == shown
    with (tmp_path / "csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{name: "" if value is None else str(value) for name, value in entry.items()} for entry in shown]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE ledger SET reason = 'other' WHERE seq = 2", "entry 2 is not as it was written"),
        ("DELETE FROM ledger WHERE seq = 3", "entry 3 is missing"),
    ],
)
def test_a_changed_or_shortened_ledger_fails_verify_and_status_with_the_entry_named(shop, tidegraph, change, told):
    for reason in ("first", "second"):
        tidegraph("freeze", "--reason", reason)
    with closing(sqlite3.connect(Path(shop["TIDEGRAPH_HOME"]) / "ledger.db")) as database:
        database.execute(change)
        database.commit()
    for command in (("ledger", "verify"), ("status",)):
        code, out, _ = tidegraph(*command)
        assert code == 1 and told in out
    code, _, err = tidegraph("freeze", "--lift", "--reason", "over")
    assert code == 1 and "mend:" in err and "Traceback" not in err


def test_a_home_that_is_no_folder_is_named(shop, tidegraph, monkeypatch):
    monkeypatch.setenv("TIDEGRAPH_HOME", shop["TIDEGRAPH_PARAMS"])
    code, _, err = tidegraph("status")
    assert code == 1
    assert "TIDEGRAPH_HOME" in err
    assert err.count("mend:") == 1


def test_a_mistyped_params_key_stops_every_command(shop, tidegraph):
    path = Path(shop["TIDEGRAPH_PARAMS"])
    content = yaml.safe_load(path.read_text())
    content["fit"]["epoch"] = 3
    path.write_text(yaml.safe_dump(content))
    code, _, err = tidegraph("status")
    assert code != 0
    assert "unknown key fit.epoch" in err
    assert "did you mean epochs?" in err


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda events: events.write_text(events.read_text().replace("user_id", "thing", 1)), "user_id"),
        (lambda events: events.write_text(events.read_text().replace(",1,2.5", ",one,2.5")), "cells-readable"),
        (lambda events: events.write_bytes(events.read_bytes().replace(b"u1", b"\xff\xfe", 1)), "utf-8"),
        (lambda events: shutil.move(events, events.with_suffix(".parquet")), "parquet"),
        (lambda events: events.write_text(events.read_text().splitlines()[0] + "\n"), "empty"),
        (lambda events: shutil.rmtree(events.parent), UNTIL),
    ],
    ids=["missing column", "wrong type", "broken encoding", "no parquet", "empty window", "no folder"],
)
def test_a_broken_drop_stops_the_update_and_the_champion_keeps_serving(shop, tidegraph, break_it, told):
    break_it(Path(shop["TIDEGRAPH_DROP"]) / UNTIL / "events.csv")
    code, _, err = tidegraph("update", "--window", UNTIL)
    assert code != 0
    assert told in err.lower() or told in err
    assert "Traceback" not in err
    code, out, _ = tidegraph("recommend", "u1", "--k", "1", "--json")
    assert (code, json.loads(out)["version"]) == (0, "1")


def test_a_full_disk_gives_one_message_and_the_same_command_works_later(shop):
    command = [sys.executable, "-m", "pipelines", "step", "collect", "--window", UNTIL]
    small = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, preexec_fn=_no_room, check=False)
    assert small.returncode != 0
    assert "mend:" in small.stderr
    assert "Traceback" not in small.stderr
    assert not (Path(shop["TIDEGRAPH_HOME"]) / "landing" / UNTIL).exists()
    assert list(Path(shop["TIDEGRAPH_HOME"]).rglob("*.partial")) == []
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def _no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_the_command_line_answers_without_waiting_for_torch_and_mlflow():
    script = "import sys, pipelines.cli; print([name for name in ('torch', 'mlflow', 'ibis') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_freeze_that_takes_the_place_of_another_says_so(shop, tidegraph):
    tidegraph("freeze", "--reason", "the busiest weeks")
    code, out, _ = tidegraph("freeze", "--reason", "stocktaking", "--json")
    assert (code, json.loads(out)["replaced"]["reason"]) == (0, "the busiest weeks")
    _, out, _ = tidegraph("freeze", "--reason", "again")
    assert "in place of: promotions: frozen until lifted, by tidegraph: stocktaking" in out


def test_a_day_to_watch_that_has_not_come_is_refused_before_anything_is_looked_at(shop, tidegraph):
    code, out, err = tidegraph("watch", "--day", UNTIL, "--until", "2999-01-01")
    assert (code != 0, out) == (True, "")
    assert err.count("error:") == 1 and "2999-01-01 is not over" in err and "--until" in err


def test_what_keeps_several_days_from_being_watched_is_told_at_length_once(shop, tidegraph):
    code, _, err = tidegraph("watch", "--day", "2024-03-10", "--until", "2024-03-12")
    assert (code, err.count("error:"), err.count("as above")) == (1, 1, 2)


def test_a_watch_without_any_lists_says_that_there_are_none(tmp_path, monkeypatch, tidegraph):
    for name, value in environment(tmp_path, windows=0).items():
        monkeypatch.setenv(name, value)
    code, out, _ = tidegraph("watch")
    assert (code, "no lists were published yet" in out) == (0, True)


def test_a_damaged_database_of_mlflow_is_named_with_the_way_to_mend_it(shop, tidegraph):
    path = Path(shop["TIDEGRAPH_HOME"]) / "mlflow" / "mlflow.db"
    path.write_text("junk" * 4096)
    for command in (["status"], ["lineage", "--model", "1"]):
        code, _, err = tidegraph(*command)
        assert (code, err.count("error:")) == (1, 1)
        assert "file is not a database" in err and str(path) in err and "backup" in err


def test_before_the_first_champion_the_way_to_one_is_told(tmp_path, monkeypatch, tidegraph):
    for name, value in environment(tmp_path, windows=0).items():
        monkeypatch.setenv(name, value)
    code, _, err = tidegraph("recommend", "u1")
    assert code != 0
    assert "there is no champion yet" in err
    code, out, _ = tidegraph("status", "--json")
    assert (code, json.loads(out)["champion"]) == (0, None)
