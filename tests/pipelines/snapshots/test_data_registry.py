"""The data registry keeps partitions under tags that never move, whatever kills it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import SnapshotError
from pipelines.settings import ROOT
from pipelines.snapshots import tools as registry_tools
from pipelines.snapshots.data_registry import DataRegistry
from pipelines.snapshots.digest import dvc_digest

FIRST, NEXT = "2017-01-01", "2017-01-08"


def partition(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True)
    for table in ("events", "users", "items"):
        (folder / f"{table}.parquet").write_text(f"{table}: {content}")
    return folder


def registry_in(home: Path) -> DataRegistry:
    return DataRegistry(home / "registry", str(home / "remote"), home / "locks")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose registry holds one window in two revisions; tests that write copy it."""
    home = tmp_path_factory.mktemp("made")
    registry = registry_in(home)
    registry.add_partitions({FIRST: partition(home / "first", "first")})
    (home / "commit").write_text(registry.commit())
    registry.add_partitions({FIRST: partition(home / "second", "second")})
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    config = tmp_path / "registry" / ".dvc" / "config.local"
    config.write_text(config.read_text().replace(str(made), str(tmp_path)))
    return tmp_path


def test_several_windows_make_one_commit_and_a_tag_each_under_the_registrys_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    registry = registry_in(tmp_path)
    folders = {window: partition(tmp_path / "accepted" / window, window) for window in (FIRST, NEXT)}

    assert registry.add_partitions(folders) == {window: f"snapshot/{window}" for window in (FIRST, NEXT)}
    assert registry._git("log", "--format=%s, %an <%ae>").splitlines() == [
        "Add 2017-01-01 to 2017-01-08 (2 windows), tidegraph <tidegraph@localhost>",
        "Create the data registry, tidegraph <tidegraph@localhost>",
    ]
    assert registry._git("status", "--porcelain") == ""
    assert not (tmp_path / "nowhere").exists()


def test_the_same_content_again_changes_nothing(made: Path) -> None:
    registry = registry_in(made)
    before = registry.commit()

    assert registry.add_partitions({FIRST: made / "second"}) == {FIRST: f"snapshot/{FIRST}.r2"}
    assert registry.commit() == before


def test_other_content_gets_the_next_revision_and_the_old_tag_stays(made: Path) -> None:
    registry = registry_in(made)

    assert registry.tags() == {FIRST: [f"snapshot/{FIRST}", f"snapshot/{FIRST}.r2"]}
    assert registry.current_tag(FIRST) == f"snapshot/{FIRST}.r2"
    assert registry._git("rev-parse", f"snapshot/{FIRST}") == (made / "commit").read_text()
    assert (registry.partition_path(FIRST) / "events.parquet").read_text() == "events: second"


def test_revisions_are_ordered_by_number(home: Path) -> None:
    registry = registry_in(home)
    registry._git("tag", f"snapshot/{FIRST}.r10")

    assert registry.current_tag(FIRST) == f"snapshot/{FIRST}.r10"


def test_a_past_snapshot_is_read_back_from_the_remote_when_the_cache_is_empty(home: Path) -> None:
    registry = registry_in(home)
    shutil.rmtree(registry.folder / ".dvc" / "cache")

    out = registry.read_back(f"snapshot/{FIRST}", home / "out")

    assert sorted(path.name for path in out.iterdir()) == ["events.parquet", "items.parquet", "users.parquet"]
    assert (out / "events.parquet").read_text() == "events: first"


def test_a_damaged_remote_file_is_not_read_back(home: Path) -> None:
    registry = registry_in(home)
    shutil.rmtree(registry.folder / ".dvc" / "cache")
    for stored in (home / "remote").rglob("*"):
        if stored.is_file() and stored.read_bytes() == b"events: first":
            stored.chmod(0o644)
            stored.write_text("events: forged")

    with pytest.raises(SnapshotError, match="not those that were tagged"):
        registry.read_back(f"snapshot/{FIRST}", home / "out")
    assert not (home / "out").exists()


def test_an_unknown_tag_is_refused_with_the_newest_ones(made: Path) -> None:
    with pytest.raises(SnapshotError, match=r"newest: snapshot/2017-01-01\.r2"):
        registry_in(made).read_back("snapshot/2017-01-08", made / "out")


def test_the_digest_is_the_one_dvc_records(made: Path) -> None:
    assert registry_in(made).digest(f"snapshot/{FIRST}") == dvc_digest(made / "first")


def test_looking_at_a_registry_that_is_not_there_makes_none(tmp_path: Path) -> None:
    registry = registry_in(tmp_path)

    assert registry.tags() == {}
    assert registry.current_tag(FIRST) is None
    assert not registry.folder.exists()


def test_a_partition_changed_by_hand_is_put_right_under_the_same_tag(home: Path) -> None:
    registry = registry_in(home)
    (registry.partition_path(FIRST) / "events.parquet").write_text("tampered")

    assert registry.add_partitions({FIRST: home / "second"}) == {FIRST: f"snapshot/{FIRST}.r2"}
    assert (registry.partition_path(FIRST) / "events.parquet").read_text() == "events: second"


def test_a_remote_moved_elsewhere_gets_the_past_snapshots_too(home: Path) -> None:
    moved = DataRegistry(home / "registry", str(home / "moved"), home / "locks")
    moved.add_partitions({FIRST: home / "second"})

    for tag in moved.tags()[FIRST]:
        assert stored_in(home / "moved", moved.digest(tag))


def test_a_tool_that_fails_is_named_with_its_last_line(home: Path) -> None:
    shutil.rmtree(home / "remote")
    (home / "remote").write_text("a file where the remote should be")

    with pytest.raises(SnapshotError, match="dvc failed: ERROR"):
        registry_in(home).add_partitions({NEXT: partition(home / "next", "next")})


def test_a_folder_that_holds_something_else_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "thesis.txt").write_text("mine")

    with pytest.raises(SnapshotError, match="holds something else"):
        registry_in(tmp_path).add_partitions({FIRST: partition(tmp_path / "accepted", "first")})
    assert (tmp_path / "registry" / "thesis.txt").read_text() == "mine"


def _add_and_die(home: Path, at: str) -> None:
    """Add the next window, and be killed when the command `at` is about to run, with its lock files half-written."""
    call = registry_tools._call

    def call_or_die(command: list[str], *arguments: Any, **named: Any) -> str:
        if at == "push" and "push" in command[-1]:
            added, _ = json.loads(command[-1])
            call([*command[:-1], json.dumps([added])], *arguments, **named)
        if at in command or at in command[-1]:
            (home / "registry" / ".git" / "index.lock").touch()
            (home / "registry" / ".dvc" / "tmp" / "rwlock").write_text("{half-writ")
            os.kill(os.getpid(), signal.SIGKILL)
        return call(command, *arguments, **named)

    registry_tools._call = call_or_die
    registry_in(home).add_partitions({NEXT: home / "next"})


@pytest.mark.parametrize("at", ["push", "commit", "update-ref"])
def test_killed_before_any_tool_and_run_again_it_ends_the_same(home: Path, at: str) -> None:
    partition(home / "next", "next")
    child = multiprocessing.get_context("fork").Process(target=_add_and_die, args=(home, at))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    registry = registry_in(home)
    assert registry.current_tag(NEXT) is None

    assert registry.add_partitions({NEXT: home / "next"}) == {NEXT: f"snapshot/{NEXT}"}

    assert registry._git("log", "--format=%s").count("Add 2017-01-08") == 1
    assert registry._git("status", "--porcelain") == ""
    assert stored_in(home / "remote", dvc_digest(home / "next"))


def stored_in(remote: Path, digest: str) -> bool:
    """Whether a folder remote holds all files of the partition `digest`."""
    files = remote / "files" / "md5"
    listing = json.loads((files / digest[:2] / digest[2:]).read_text())
    return len(listing) == 3 and all((files / row["md5"][:2] / row["md5"][2:]).is_file() for row in listing)


def test_a_python_that_a_relative_path_found_is_known_by_its_whole_one() -> None:
    program = "import sys; from pipelines.settings import PYTHON; print(sys.executable); print(PYTHON)"
    told = subprocess.run(
        ["sh", "-c", 'PATH="bin:$PATH" exec python -c "$0"', program],
        cwd=sys.prefix,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    own, whole = told.stdout.split()
    assert (own, Path(whole)) == ("bin/python", Path(sys.prefix) / "bin" / "python")


def test_many_partitions_are_read_back_at_once_and_nothing_of_the_registry_changes(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    registry, out = registry_in(home), tmp_path_factory.mktemp("out")
    known = registry.known_at(registry.commit())
    digests = {window: digest for window, (_, digest) in known.items()}
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    registry.read_back_all({window: tag for window, (tag, _) in known.items()}, out / "parts", digests=digests)
    assert {window: dvc_digest(out / "parts" / window) for window in known} == digests
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    with pytest.raises(SnapshotError, match="not those that were tagged"):
        registry.read_back_all({FIRST: known[FIRST][0]}, out / "again", digests={FIRST: "another"})


def test_what_was_known_at_a_commit_leaves_out_what_came_later(home: Path) -> None:
    registry = registry_in(home)
    before = registry.commit()
    registry.add_partitions({FIRST: partition(home / "third", "third"), NEXT: partition(home / "next", "next")})
    assert registry.known_at(before) == {FIRST: (f"snapshot/{FIRST}.r2", registry.digest(f"snapshot/{FIRST}.r2"))}
    assert {tag for tag, _ in registry.known_at(registry.commit()).values()} == {
        f"snapshot/{FIRST}.r3",
        f"snapshot/{NEXT}",
    }
