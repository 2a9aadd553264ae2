"""`tidegraph simulate`: files whole or not at all, nobody's folder overwritten, wrong numbers told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from pipelines.commands.simulate import simulate
from pipelines.errors import TidegraphError
from pipelines.files import digest_files

SMALL = "--users 60 --items 100 --days 8 --events 2000"


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, [*SMALL.split(), *words])


def test_it_writes_windows_truth_mapping_and_a_page_that_says_what_they_are(tmp_path: Path) -> None:
    result = run("--out", str(tmp_path / "sim"), "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0 and told["windows"] == 2
    names = {path.name for path in (tmp_path / "sim").iterdir()}
    assert names == {"2024-01-07", "2024-01-14", "truth", "mapping.yaml", "README.md"}
    page = (tmp_path / "sim" / "README.md").read_text(encoding="utf-8")
    assert "simulated" in page and all(path.name in page for path in (tmp_path / "sim" / "truth").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["sim"]


def test_the_command_that_the_page_names_makes_the_same_bytes(tmp_path: Path) -> None:
    run("--out", str(tmp_path / "sim"), "--seed", "3", "--flaws", "late,bots", "--scenario", "social")
    page = (tmp_path / "sim" / "README.md").read_text(encoding="utf-8")
    line = next(text for text in page.split("`") if text.startswith("tidegraph simulate"))
    again = run(*line.replace("DIR", str(tmp_path / "again")).split()[2:])
    assert again.exit_code == 0
    assert digest_files(tmp_path / "again") == digest_files(tmp_path / "sim")


def test_a_simulation_may_be_replaced_but_nobodys_work(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("--out", str(out)).exit_code == run("--out", str(out), "--seed", "8").exit_code == 0
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(TidegraphError, match="no simulation") as refused:
        raise run("--out", str(mine)).exception or AssertionError("it was not refused")
    assert "--force" in refused.value.mend and (mine / "thesis.txt").exists()
    assert run("--out", str(mine), "--force").exit_code == 0


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("years of work")
    assert isinstance(run("--out", str(tmp_path / "file"), "--force").exception, TidegraphError)
    assert (tmp_path / "file").read_text() == "years of work"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--users", "0"], "users"),
        (["--events", "5"], "events"),
        (["--scenario", "zoo"], "scenario"),
        (["--flaws", "rust"], "flaws"),
        (["--start", "tomorrow"], "tomorrow"),
    ],
)
def test_wrong_numbers_are_told_and_nothing_is_written(tmp_path: Path, words: list[str], told: str) -> None:
    error = run("--out", str(tmp_path / "sim"), *words).exception
    assert isinstance(error, TidegraphError) and told in str(error)
    assert not list(tmp_path.iterdir())
