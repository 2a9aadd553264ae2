"""The data registry's repository: made on first use, with its DVC remote, and without what killed tools left."""

from __future__ import annotations

import configparser
from pathlib import Path

import psutil

from pipelines.errors import SnapshotError
from pipelines.files import whole_file, whole_folder
from pipelines.snapshots.tools import call_git, run_dvc, tools_at_work

REMOTE = "storage"
_ORPHAN_WAIT_SECONDS = 60.0
_GIT_SETTINGS = {
    "user.name": "tidegraph",
    "user.email": "tidegraph@localhost",
    "commit.gpgsign": "false",
    "core.autocrlf": "false",
    "gc.auto": "0",  # a collection would outlive the command in the background
}
_DVC_CONFIG = f"""\
[core]
    remote = {REMOTE}
    autostage = true
    analytics = false
"""


def made(folder: Path) -> bool:
    """Whether the repository is there."""
    return (folder / ".dvc" / "config").exists()


def ready(folder: Path, remote: str) -> None:
    """Make the repository in `folder` where there is none, and let DVC use `remote`; for who holds the lock.

    Raises SnapshotError where `folder` holds something else.
    """
    if not made(folder):
        _create(folder, remote)
    _mend_locks(folder)
    if _remote_moved(folder, remote):
        run_dvc(folder, ["push", "--all-tags"])  # past snapshots must be readable from the new place, too


def _create(folder: Path, remote: str) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise SnapshotError(
            "the data registry's folder holds something else",
            where=str(folder),
            mend="move its content away; the data registry is made there on first use",
        )
    with whole_folder(folder) as new:
        call_git(new, "init", "--quiet", "--initial-branch=main")
        for key, value in _GIT_SETTINGS.items():
            call_git(new, "config", key, value)
        run_dvc(new, ["init"])
        (new / ".dvc" / "config").write_text(_DVC_CONFIG)
        _remote_moved(new, remote)
        call_git(new, "add", ".dvc", ".dvcignore")
        call_git(new, "commit", "--quiet", "--message", "Create the data registry")


def _remote_moved(folder: Path, remote: str) -> bool:
    """Make DVC use `remote`; whether it used another before. A place is no part of history: it is not committed."""
    path, section = folder / ".dvc" / "config.local", f"'remote \"{REMOTE}\"'"
    config = configparser.ConfigParser(interpolation=None)
    config.read(path)
    if config.get(section, "url", fallback=None) == remote:
        return False
    config.read_dict({section: {"url": remote}})
    with whole_file(path) as beside, beside.open("w") as file:
        config.write(file)
    return True


def _mend_locks(folder: Path) -> None:
    """Remove lock files of killed tools. We hold the lock, so only children of a killed holder may still work."""
    locks = [*(folder / ".git").rglob("*.lock"), folder / ".dvc" / "tmp" / "rwlock"]
    locks = [path for path in locks if path.exists()]
    if locks:
        psutil.wait_procs(tools_at_work(folder), timeout=_ORPHAN_WAIT_SECONDS)
    for path in locks:
        path.unlink(missing_ok=True)
